// The orders of the thread, and the steps that they are made of.
#include <linux/if_ether.h>

#include <algorithm>

#include "attempt.h"
#include "io_thread.h"
#include "sock_diag.h"
#include "virtual_link.h"

namespace pgvip {

namespace {

// Neighbor discovery is IPv6; all else that is announced is ARP.
Family family_of(const Bytes& frame) {
  const bool ipv6 = frame.size() >= ETH_HLEN && frame[12] == ETH_P_IPV6 >> 8U && frame[13] == (ETH_P_IPV6 & 0xffU);
  return ipv6 ? Family::ipv6 : Family::ipv4;
}

}  // namespace

void IoThread::perform(const order::Listen& what, event::Done*) {
  const auto& listening = what.listening;
  expected_.forget(listening.if_index);
  for (const auto family : {Family::ipv4, Family::ipv6}) {
    if (family == Family::ipv4 ? listening.ipv4 : listening.ipv6) {
      auto& socket = vrrp(listening.if_index, family);
      socket.listen(listening.router_ids);
      socket.set_multicast(listening.multicast);
    } else {
      sockets(listening.if_index, family).vrrp.reset();
    }
    std::vector<Address> vips;
    for (const auto& vip : listening.vips) {
      if (vip.family == family) vips.push_back(vip);
    }
    if (vips.empty()) {
      sockets(listening.if_index, family).packet.reset();
    } else {
      packet(listening.if_index, family).watch(vips);
    }
  }
  if (listening.capture) packet(listening.if_index, Family::ipv4).capture();
}

void IoThread::perform(const order::Unlisten& what, event::Done*) {
  interfaces_.erase(what.if_index);
  expected_.forget(what.if_index);
}

void IoThread::perform(const order::TakeOver& what, event::Done* done) {
  const auto& plan = what.plan;
  TakeOverTimes times;
  times.started_ms = monotonic_ms();
  Holding holding(plan, times.started_ms);
  if (holding.lease_ended()) throw SyscallError("takeOver", ETIME, "the lease is over");
  const auto replaced = holdings_.find(plan.holding);
  const HoldingPlan before = replaced == holdings_.end() ? HoldingPlan{} : replaced->second.plan();
  try {
    if (!put_addresses(holding))
      throw SyscallError("takeOver", ETIME, "the right is over before a kernel lease could be");
  } catch (const SyscallError&) {
    std::optional<Failure> ignored;
    remove_addresses(plan.links, plan.addresses, false, &done->sockets_destroyed, &ignored);
    remove_left_over(before, plan, &done->sockets_destroyed, &ignored);
    holdings_.erase(plan.holding);
    throw;
  }
  times.address_ms = monotonic_ms();
  // The address is ours now: a frame that does not leave is told, but does not undo it.
  attempt(&done->failure, [&] {
    if (what.announce) send_frames(plan.links, plan.announcements);
  });
  times.announced_ms = monotonic_ms();
  attempt(&done->failure, [&] { send_adverts(plan.links, plan.adverts); });
  times.advertised_ms = monotonic_ms();
  if (done->failure) trouble(*done->failure);
  done->failure.reset();
  done->times = times;
  for (const auto& address : plan.addresses) delete_other_prefixes(plan.links, address);
  std::optional<Failure> left;
  remove_left_over(before, plan, &done->sockets_destroyed, &left);
  if (left) trouble(*left);
  holdings_.insert_or_assign(plan.holding, std::move(holding));
}

void IoThread::perform(const order::Renew& what, event::Done*) {
  auto& holding = held(what.holding);
  if (holding.lease_ended()) throw SyscallError("renew", ETIME, "the lease is over");
  holding.set_leases(what.lease_until_ms, what.right_until_ms);
}

void IoThread::perform(const order::Advertise& what, event::Done*) {
  auto& holding = held(what.holding);
  holding.set_adverts(what.adverts, monotonic_ms());
  send_adverts(holding.plan().links, what.adverts);
}

void IoThread::perform(const order::Announce& what, event::Done*) {
  const auto& plan = held(what.holding).plan();
  send_frames(plan.links, plan.announcements);
}

void IoThread::perform(const order::Release& what, event::Done* done) {
  const HoldingPlan plan = held(what.holding).plan();
  holdings_.erase(what.holding);
  remove_addresses(plan.links, plan.addresses, plan.destroy_sockets, &done->sockets_destroyed, &done->failure);
  if (what.resign) attempt(&done->failure, [&] { send_adverts(plan.links, plan.resignations); });
}

void IoThread::perform(const order::Abandon& what, event::Done*) {
  auto& holding = held(what.holding);
  if (!holding.lease_ended() && all_present(holding.plan())) {
    try {
      put_addresses(holding);
    } catch (const SyscallError&) {
      holdings_.erase(what.holding);
      throw;
    }
  }
  holdings_.erase(what.holding);
}

void IoThread::perform(const order::RemoveAddresses& what, event::Done* done) {
  std::vector<AddressPlan> found;
  // Whatever prefix length the left-over has.
  for (const auto& entry : known_) {
    const auto& state = entry.second;
    for (const auto& plan : what.addresses) {
      if (state.if_index != what.if_index || !(state.address == plan.address)) continue;
      found.push_back(plan);
      found.back().prefix_length = state.prefix_length;
    }
  }
  remove_addresses({what.if_index, what.if_index}, found, what.destroy_sockets, &done->sockets_destroyed,
                   &done->failure);
}

void IoThread::perform(const order::AddVirtualLink& what, event::Done*) {
  add_virtual_link(&requests_, what, interface(what.parent).name);
}

void IoThread::perform(const order::RemoveVirtualLink& what, event::Done*) { requests_.delete_link(what.name); }

void IoThread::perform(const order::SendFrames& what, event::Done*) {
  send_frames({what.if_index, what.if_index}, what.frames);
}

void IoThread::perform(const order::SendAdverts& what, event::Done*) {
  send_adverts({what.if_index, what.if_index}, what.adverts);
}

void IoThread::perform(const order::Dump&, event::Done*) { snapshot("asked"); }

void IoThread::perform(const order::Exchange& what, event::Done* done) {
  exchanges_.start(done->order, what, monotonic_ms());
}

void IoThread::perform(const order::AwaitExit& what, event::Done* done) {
  exits_.start(done->order, what, monotonic_ms());
}

void IoThread::perform(const order::ExpectAdverts& what, event::Done*) { expected_.expect(what, monotonic_ms()); }

void IoThread::perform(const order::HeedAdverts& what, event::Done*) { expected_.heed(what.if_index, what.router_id); }

Holding& IoThread::held(std::uint32_t number) {
  const auto found = holdings_.find(number);
  if (found == holdings_.end()) throw SyscallError("holding " + std::to_string(number), ENOENT, "not held any more");
  return found->second;
}

bool IoThread::put_addresses(const Holding& holding) {
  const auto& plan = holding.plan();
  for (const auto& address : plan.addresses) {
    // Compared with the clock right before each message: a renewal can resurrect an address that has moved on.
    if (holding.lease_ended()) return false;
    const auto lifetime_s = holding.kernel_lifetime_s();
    if (!lifetime_s) return false;
    requests_.put_address(plan.links.of(address.address.family), address, *lifetime_s);
  }
  return true;
}

// Whether every address is still on its interface, as far as the kernel has told.
bool IoThread::all_present(const HoldingPlan& plan) const {
  return std::all_of(plan.addresses.begin(), plan.addresses.end(), [&](const AddressPlan& address) {
    return known_.count(key_of(plan.links.of(address.address.family), address.address, address.prefix_length)) > 0;
  });
}

void IoThread::remove_addresses(const Links& links, const std::vector<AddressPlan>& addresses, bool destroy,
                                std::uint32_t* destroyed, std::optional<Failure>* first) {
  // Only while the address is still there does a RST leave for the peers.
  if (destroy) {
    for (const auto& plan : addresses) *destroyed += destroy_sockets(plan.address, first);
  }
  // An address that stays is worse than a session that does: of the two failures this one is told.
  std::optional<Failure> stays;
  for (const auto& plan : addresses) {
    attempt(&stays, [&] { requests_.delete_address(links.of(plan.address.family), plan.address, plan.prefix_length); });
  }
  if (stays) *first = stays;
}

bool IoThread::is_held(int if_index, const AddressPlan& address, std::uint32_t but_not_by) const {
  return std::any_of(holdings_.begin(), holdings_.end(), [&](const auto& entry) {
    return entry.first != but_not_by && entry.second.plan().has(if_index, address.address, address.prefix_length);
  });
}

// What a holding had and its new plan lacks is nobody's any more: no lease would ever end it.
void IoThread::remove_left_over(const HoldingPlan& before, const HoldingPlan& after, std::uint32_t* destroyed,
                                std::optional<Failure>* first) {
  for (const auto& address : before.addresses) {
    const int if_index = before.links.of(address.address.family);
    if (after.has(if_index, address.address, address.prefix_length)) continue;
    if (is_held(if_index, address, before.holding)) continue;
    // Connections go on where the same address only moves, to another interface or prefix length.
    const bool moves = std::any_of(after.addresses.begin(), after.addresses.end(),
                                   [&](const AddressPlan& other) { return other.address == address.address; });
    remove_addresses(before.links, {address}, before.destroy_sockets && !moves, destroyed, first);
  }
}

// A left-over of another configuration: the same address with another prefix length is a second address to the kernel.
void IoThread::delete_other_prefixes(const Links& links, const AddressPlan& plan) {
  const int if_index = links.of(plan.address.family);
  for (const auto& entry : known_) {
    const auto& state = entry.second;
    if (state.if_index != if_index || !(state.address == plan.address)) continue;
    if (state.prefix_length == plan.prefix_length) continue;
    std::optional<Failure> failure;
    attempt(&failure, [&] { requests_.delete_address(if_index, state.address, state.prefix_length); });
    if (failure) trouble(*failure);
  }
}

void IoThread::send_frames(const Links& links, const std::vector<Bytes>& frames) {
  std::optional<Failure> first;
  for (const auto& frame : frames) {
    const Family family = family_of(frame);
    attempt(&first, [&] { packet(links.of(family), family).send(frame); });
  }
  if (first) throw SyscallError(*first);
}

void IoThread::send_adverts(const Links& links, const std::vector<AdvertPacket>& adverts) {
  std::optional<Failure> first;
  // One unreachable peer must not silence the others.
  for (const auto& advert : adverts) {
    const Family family = advert.source.family;
    const int if_index = links.of(family);
    attempt(&first, [&] { vrrp(if_index, family).send(advert, signer_.emit(if_index, advert, realtime_now())); });
  }
  if (first) throw SyscallError(*first);
}

}  // namespace pgvip
