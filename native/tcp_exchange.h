// Questions over TCP: connect, send, read to the end of the connection. What is asked and answered is only bytes here.
//
// Patroni is asked ten times a second for as long as the host lives, and up to two hundred times in a fail-over. Done
// here, a question costs a quarter of what it costs as a stream of Node.js, and does not wait for JavaScript; a patient
// one does not even wake it up.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <list>

#include "messages.h"
#include "unique_fd.h"

namespace pgvip {

class TcpExchange {
 public:
  // Begins to connect. Throws SyscallError when that is refused at once. `what` has to outlive it.
  TcpExchange(const order::Exchange& what, double now_ms);

  // Goes on as far as that goes without waiting. The answer, once it is whole. Throws SyscallError.
  [[nodiscard]] std::optional<Bytes> proceed(double now_ms);
  [[nodiscard]] double begun_ms() const { return begun_ms_; }
  [[nodiscard]] double due_ms() const;
  [[nodiscard]] int fd() const { return fd_.get(); }
  // What to wait for, as edges.
  [[nodiscard]] std::uint32_t awaited() const;

 private:
  enum class Stage : std::uint8_t { connecting, sending, receiving };

  bool sent();
  bool received();
  [[nodiscard]] std::string peer() const;
  [[nodiscard]] const char* call() const;

  const order::Exchange& what_;
  double begun_ms_;
  double connect_by_ms_;
  double answer_by_ms_;
  Stage stage_ = Stage::connecting;
  std::size_t sent_ = 0;
  Bytes answer_;
  UniqueFd fd_;
};

// One order: one exchange, or one after the other as long as its patience lasts and there is nothing new to tell.
class TcpQuestion {
 public:
  using Watch = std::function<void(int fd, std::uint32_t events)>;
  TcpQuestion(double order, order::Exchange what, double now_ms);
  ~TcpQuestion() = default;
  // It stays where it is: its exchange refers to what it asks.
  TcpQuestion(const TcpQuestion&) = delete;
  TcpQuestion& operator=(const TcpQuestion&) = delete;

  // The outcome, once there is one. Sockets of new exchanges are given to `watch`.
  [[nodiscard]] std::optional<event::Done> proceed(double now_ms, const Watch& watch);
  [[nodiscard]] double due_ms() const { return exchange_ ? exchange_->due_ms() : next_ms_; }

 private:
  double order_;
  order::Exchange what_;
  std::string known_;
  double next_ms_;
  std::optional<TcpExchange> exchange_;
};

// Those that are under way.
class TcpExchanges {
 public:
  using Watch = TcpQuestion::Watch;
  using Finish = std::function<void(event::Done)>;
  TcpExchanges(Watch watch, Finish finish) : watch_(std::move(watch)), finish_(std::move(finish)) {}

  // `finish` is called now or later with the outcome.
  void start(double order, const order::Exchange& what, double now_ms);
  void proceed(double now_ms);
  [[nodiscard]] double due_ms(double idle_ms) const;

 private:
  Watch watch_;
  Finish finish_;
  std::list<TcpQuestion> under_way_;
};

}  // namespace pgvip
