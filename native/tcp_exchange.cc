// Questions over TCP, each on a connection of its own.
#include "tcp_exchange.h"

#include <sys/epoll.h>

#include <algorithm>

#include "answer_gist.h"
#include "socket_address.h"

namespace pgvip {

namespace {

// Each thing to wait for is an edge: whoever is woken goes on until the kernel says EAGAIN.
constexpr std::size_t kChunk = 16 * 1024;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

TcpExchange::TcpExchange(const order::Exchange& what, double now_ms)
    : what_(what),
      begun_ms_(now_ms),
      connect_by_ms_(now_ms + std::min(what_.connect_timeout_ms, what_.timeout_ms)),
      answer_by_ms_(now_ms + what_.timeout_ms),
      fd_(check(::socket(family_of(what_.address.family), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket")) {
  // An answer comes in pieces, and is read when the connection has ended, or when there is much of it: one wake-up, not
  // three. Without this option it goes as well.
  const int much = kChunk;
  (void)::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVLOWAT, &much, sizeof(much));
  const auto target = socket_address(what_.address, what_.port);
  const int result = ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&target.storage), target.length);
  if (result < 0 && errno != EINPROGRESS) throw SyscallError("connect", errno, peer());
}

std::optional<Bytes> TcpExchange::proceed(double now_ms) {
  if (stage_ != Stage::receiving && sent()) stage_ = Stage::receiving;
  if (stage_ == Stage::receiving && received()) return std::move(answer_);
  if (now_ms < due_ms()) return std::nullopt;
  throw SyscallError(call(), ETIMEDOUT, peer());
}

double TcpExchange::due_ms() const { return stage_ == Stage::connecting ? connect_by_ms_ : answer_by_ms_; }

std::uint32_t TcpExchange::awaited() const {
  // Where the connection is already made, waiting for room to send would be one more wake-up for nothing.
  return stage_ == Stage::receiving ? EPOLLIN | EPOLLET : EPOLLIN | EPOLLOUT | EPOLLET;
}

// Sending is refused as long as the connection is not made, and tells why it could not be.
bool TcpExchange::sent() {
  while (sent_ < what_.request.size()) {
    const ssize_t count = ::send(fd_.get(), what_.request.data() + sent_, what_.request.size() - sent_, MSG_NOSIGNAL);
    if (count < 0 && would_block()) return false;
    sent_ += static_cast<std::size_t>(check(static_cast<int>(count), call(), peer()));
    stage_ = Stage::sending;
  }
  return true;
}

bool TcpExchange::received() {
  for (;;) {
    const std::size_t size = answer_.size();
    answer_.resize(size + kChunk);
    const ssize_t count = ::recv(fd_.get(), answer_.data() + size, kChunk, 0);
    answer_.resize(size + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0) return true;
    if (count < 0 && would_block()) return false;
    check(static_cast<int>(count), call(), peer());
    if (answer_.size() > what_.max_bytes) throw SyscallError(call(), EMSGSIZE, peer());
  }
}

std::string TcpExchange::peer() const { return to_text(what_.address) + " port " + std::to_string(what_.port); }

const char* TcpExchange::call() const {
  if (stage_ == Stage::connecting) return "connect";
  return stage_ == Stage::sending ? "send" : "recv";
}

TcpQuestion::TcpQuestion(double order, order::Exchange what, double now_ms)
    : order_(order), what_(std::move(what)), next_ms_(now_ms) {
  if (!what_.patience) return;
  next_ms_ = std::max(now_ms, what_.patience->first_ms);
  known_ = answer_gist(what_.patience->known, what_.patience->ignored);
}

std::optional<event::Done> TcpQuestion::proceed(double now_ms, const Watch& watch) {
  if (!exchange_ && now_ms < next_ms_) return std::nullopt;
  event::Done done;
  done.order = order_;
  try {
    const bool is_new = !exchange_;
    if (is_new) {
      done.sent_ms = now_ms;
      exchange_.emplace(what_, now_ms);
    }
    done.sent_ms = exchange_->begun_ms();
    // On this very host the connection is made already, and the question leaves at once.
    done.answer = exchange_->proceed(now_ms);
    if (!done.answer) {
      if (is_new) watch(exchange_->fd(), exchange_->awaited());
      return std::nullopt;
    }
  } catch (const SyscallError& error) {
    done.failure = error.failure();
    return done;
  }
  if (!what_.patience || answer_gist(*done.answer, what_.patience->ignored) != known_) return done;
  // Skipped, not made up for, when this thread stood still or the answer took that long.
  next_ms_ = std::max(now_ms, exchange_->begun_ms() + what_.patience->every_ms);
  if (next_ms_ > what_.patience->until_ms) return done;
  exchange_.reset();
  return std::nullopt;
}

void TcpExchanges::start(double order, const order::Exchange& what, double now_ms) {
  auto& question = under_way_.emplace_back(order, what, now_ms);
  auto done = question.proceed(now_ms, watch_);
  if (!done) return;
  under_way_.pop_back();
  finish_(std::move(*done));
}

void TcpExchanges::proceed(double now_ms) {
  for (auto next = under_way_.begin(); next != under_way_.end();) {
    auto done = next->proceed(now_ms, watch_);
    if (done) finish_(std::move(*done));
    next = done ? under_way_.erase(next) : std::next(next);
  }
}

double TcpExchanges::due_ms(double idle_ms) const {
  double due = idle_ms;
  for (const auto& question : under_way_) due = std::min(due, question.due_ms());
  return due;
}

}  // namespace pgvip
