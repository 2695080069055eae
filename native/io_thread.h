// The one thread that owns every socket: orders in, events out, adverts and leases on time.
#pragma once

#include <sys/epoll.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "advert_signer.h"
#include "clock.h"
#include "event_queue.h"
#include "expected_adverts.h"
#include "holding.h"
#include "messages.h"
#include "netlink_socket.h"
#include "packet_socket.h"
#include "process_exits.h"
#include "tcp_exchange.h"
#include "unique_fd.h"
#include "vrrp_socket.h"

namespace pgvip {

class IoThread {
 public:
  // Opens netlink, epoll and the timer (throws SyscallError) and starts the thread. Events go to `events`.
  explicit IoThread(std::shared_ptr<EventQueue> events);
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  void execute(std::vector<Order> orders);
  // When an advert came that was not told; see ExpectedAdverts.
  [[nodiscard]] std::optional<double> heard_ms(int if_index, std::uint8_t router_id, const Address& source) const {
    return expected_.heard_ms(if_index, router_id, source);
  }
  // Ends the thread and closes every socket; addresses stay as they are. Idempotent.
  void close();
  // Whether the thread runs with real-time priority.
  [[nodiscard]] bool realtime() const { return realtime_; }

 private:
  // The sockets of one family on one interface, each made when it is needed first.
  struct Sockets {
    std::unique_ptr<VrrpSocket> vrrp;
    std::unique_ptr<PacketSocket> packet;
  };
  struct Interface {
    std::string name;
    Sockets ipv4;
    Sockets ipv6;
  };
  struct OwedSnapshot {
    const char* reason;
    double due_ms;
  };

  void run();
  void wait();
  void take_orders();
  void carry_out(const Order& order);
  void pass_time();
  void arm(const Instant& now);
  void check_suspend(const Instant& now);
  // Whether there was, or may be, something to read.
  bool read_sockets();
  void read_monitor();
  void snapshot(const char* reason);

  void perform(const order::Listen& what, event::Done* done);
  void perform(const order::Unlisten& what, event::Done* done);
  void perform(const order::TakeOver& what, event::Done* done);
  void perform(const order::Renew& what, event::Done* done);
  void perform(const order::Advertise& what, event::Done* done);
  void perform(const order::Announce& what, event::Done* done);
  void perform(const order::Release& what, event::Done* done);
  void perform(const order::Abandon& what, event::Done* done);
  void perform(const order::RemoveAddresses& what, event::Done* done);
  void perform(const order::AddVirtualLink& what, event::Done* done);
  void perform(const order::RemoveVirtualLink& what, event::Done* done);
  void perform(const order::SendFrames& what, event::Done* done);
  void perform(const order::SendAdverts& what, event::Done* done);
  void perform(const order::Dump& what, event::Done* done);
  void perform(const order::Exchange& what, event::Done* done);
  void perform(const order::AwaitExit& what, event::Done* done);
  void perform(const order::ExpectAdverts& what, event::Done* done);
  void perform(const order::HeedAdverts& what, event::Done* done);

  Interface& interface(int if_index);
  VrrpSocket& vrrp(int if_index, Family family);
  PacketSocket& packet(int if_index, Family family);
  Sockets& sockets(int if_index, Family family);
  bool read(const Sockets& sockets, const std::string& name);
  // How many there were, up to what a round may read.
  int read_adverts(const Sockets& sockets, const std::string& name);
  int read_frames(const Sockets& sockets, const std::string& name);
  template <typename Socket>
  [[nodiscard]] bool is_due(Socket* socket);
  template <typename Socket>
  void keep_pace(Socket* socket, int packets);
  void report(const char* call, const std::string& name, int error);
  void hear(event::Advert advert);
  void tell_ceased(bool all_read);
  void watch(int fd, std::uint32_t events = EPOLLIN, int operation = EPOLL_CTL_ADD);
  Holding& held(std::uint32_t number);

  // False when the lease or the right is over before all addresses are in.
  bool put_addresses(const Holding& holding);
  [[nodiscard]] bool all_present(const HoldingPlan& plan) const;
  [[nodiscard]] bool is_held(int if_index, const AddressPlan& address, std::uint32_t but_not_by) const;
  void remove_addresses(const Links& links, const std::vector<AddressPlan>& addresses, bool destroy,
                        std::uint32_t* destroyed, std::optional<Failure>* first);
  void remove_left_over(const HoldingPlan& before, const HoldingPlan& after, std::uint32_t* destroyed,
                        std::optional<Failure>* first);
  void delete_other_prefixes(const Links& links, const AddressPlan& plan);
  void send_frames(const Links& links, const std::vector<Bytes>& frames);
  void send_adverts(const Links& links, const std::vector<AdvertPacket>& adverts);
  void end_lease(const Holding& holding);
  void renew_some(const Instant& now);
  void renew_kernel_lease(Holding* holding, double now_ms);
  void note_address(bool present, const AddressState& state);
  void note_all(const std::vector<AddressState>& addresses);

  void tell(decltype(Event::what) what);
  void trouble(const Failure& failure);
  void tell_troubles();

  std::shared_ptr<EventQueue> events_;
  UniqueFd epoll_;
  UniqueFd timer_;
  UniqueFd wake_;
  RouteRequests requests_;
  RouteMonitor monitor_;
  AdvertSigner signer_;
  std::map<int, Interface> interfaces_;
  std::map<std::uint32_t, Holding> holdings_;
  ExpectedAdverts expected_;
  TcpExchanges exchanges_;
  ProcessExits exits_;
  std::map<std::string, AddressState> known_;
  std::map<std::string, event::Trouble> troubles_;
  double troubles_told_ms_ = 0;
  std::optional<OwedSnapshot> owed_snapshot_;
  // Sockets on which something has come in, since they were read last.
  std::set<int> ready_;
  // When the first of the sockets that rest is read again.
  double rested_ms_ = std::numeric_limits<double>::infinity();
  double armed_ms_ = 0;
  // When a holding wants something next; 0 = not known.
  double holdings_due_ms_ = 0;
  double suspended_ms_;

  std::mutex mutex_;
  std::vector<Order> orders_;
  bool stop_ = false;
  bool realtime_ = false;
  std::thread thread_;
};

}  // namespace pgvip
