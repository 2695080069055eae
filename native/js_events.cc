// Events to JavaScript objects.
#include "js_events.h"

#include <algorithm>

namespace pgvip {

namespace {

const char* family_text(Family family) { return family == Family::ipv4 ? "ipv4" : "ipv6"; }

Napi::Value bytes_to(Napi::Env env, const Bytes& bytes) {
  auto buffer = Napi::ArrayBuffer::New(env, bytes.size());
  std::copy(bytes.begin(), bytes.end(), static_cast<std::uint8_t*>(buffer.Data()));
  return Napi::Uint8Array::New(env, bytes.size(), buffer, 0);
}

Napi::Value failure_to(Napi::Env env, const std::optional<Failure>& failure) {
  if (!failure) return env.Null();
  auto object = Napi::Object::New(env);
  object.Set("call", failure->call);
  object.Set("errno", failure->errno_name);
  object.Set("detail", failure->detail);
  return object;
}

Napi::Value link_to(Napi::Env env, const LinkState& link) {
  auto object = Napi::Object::New(env);
  object.Set("ifIndex", link.if_index);
  object.Set("name", link.name);
  object.Set("up", link.up);
  object.Set("carrier", link.carrier);
  object.Set("loopback", link.loopback);
  object.Set("mac", bytes_to(env, link.mac));
  object.Set("mtu", link.mtu);
  return object;
}

Napi::Value address_to(Napi::Env env, const AddressState& state) {
  auto object = Napi::Object::New(env);
  object.Set("ifIndex", state.if_index);
  object.Set("family", family_text(state.address.family));
  object.Set("address", to_text(state.address));
  object.Set("prefixLength", state.prefix_length);
  object.Set("label", state.label);
  object.Set("flags", state.flags);
  object.Set("validSeconds", state.valid_s ? Napi::Number::New(env, *state.valid_s).As<Napi::Value>() : env.Null());
  object.Set("scope", state.scope);
  return object;
}

template <typename Item, typename Convert>
Napi::Value list_to(Napi::Env env, const std::vector<Item>& items, Convert convert) {
  auto array = Napi::Array::New(env, items.size());
  std::uint32_t index = 0;
  for (const auto& item : items) array.Set(index++, convert(env, item));
  return array;
}

// Fills in what each kind of event has beside `kind` and `atMs`.
struct Fill {
  Napi::Env env;
  Napi::Object object;

  void operator()(const event::Done& done) const {
    object.Set("kind", "done");
    object.Set("order", done.order);
    object.Set("failure", failure_to(env, done.failure));
    object.Set("socketsDestroyed", done.sockets_destroyed);
    object.Set("answer", done.answer ? bytes_to(env, *done.answer) : env.Null());
    object.Set("sentAtMs", done.sent_ms ? Napi::Number::New(env, *done.sent_ms).As<Napi::Value>() : env.Null());
    object.Set("times", env.Null());
    if (!done.times) return;
    auto times = Napi::Object::New(env);
    times.Set("startedAtMs", done.times->started_ms);
    times.Set("addressAtMs", done.times->address_ms);
    times.Set("announcedAtMs", done.times->announced_ms);
    times.Set("advertisedAtMs", done.times->advertised_ms);
    object.Set("times", times);
  }
  void operator()(const event::Advert& advert) const {
    object.Set("kind", "advert");
    object.Set("ifIndex", advert.if_index);
    object.Set("family", family_text(advert.source.family));
    object.Set("source", to_text(advert.source));
    object.Set("destination", to_text(advert.destination));
    object.Set("ttl", advert.ttl);
    object.Set("pdu", bytes_to(env, advert.pdu));
    object.Set("untold", advert.untold);
  }
  void operator()(const event::AdvertsCeased& ceased) const {
    object.Set("kind", "advertsCeased");
    object.Set("ifIndex", ceased.if_index);
    object.Set("family", family_text(ceased.source.family));
    object.Set("source", to_text(ceased.source));
    object.Set("routerId", ceased.router_id);
    object.Set("untold", ceased.untold);
  }
  void operator()(const event::NeighborFrame& frame) const {
    object.Set("kind", "neighborFrame");
    object.Set("ifIndex", frame.if_index);
    object.Set("frame", bytes_to(env, frame.frame));
  }
  void operator()(const event::Link& change) const {
    object.Set("kind", "link");
    object.Set("change", change.present ? "present" : "gone");
    object.Set("link", link_to(env, change.link));
  }
  void operator()(const event::AddressChange& change) const {
    object.Set("kind", "address");
    object.Set("change", change.present ? "present" : "gone");
    object.Set("address", address_to(env, change.address));
  }
  void operator()(const event::Snapshot& all) const {
    object.Set("kind", "snapshot");
    object.Set("reason", all.reason);
    object.Set("links", list_to(env, all.links, link_to));
    object.Set("addresses", list_to(env, all.addresses, address_to));
  }
  void operator()(const event::LeaseEnded& ended) const {
    object.Set("kind", "leaseEnded");
    object.Set("holding", ended.holding);
    object.Set("leaseUntilMs", ended.lease_until_ms);
    object.Set("silent", ended.silent);
    object.Set("socketsDestroyed", ended.sockets_destroyed);
    object.Set("failure", failure_to(env, ended.failure));
  }
  void operator()(const event::Trouble& trouble) const {
    object.Set("kind", "trouble");
    object.Set("failure", failure_to(env, trouble.failure));
    object.Set("count", trouble.count);
  }
  void operator()(const event::Suspended& suspended) const {
    object.Set("kind", "suspended");
    object.Set("forMs", suspended.for_ms);
  }
  void operator()(const event::Overflow& overflow) const {
    object.Set("kind", "overflow");
    object.Set("dropped", overflow.dropped);
  }
};

Napi::Value event_to(Napi::Env env, const Event& event) {
  auto object = Napi::Object::New(env);
  object.Set("atMs", event.at_ms);
  std::visit(Fill{env, object}, event.what);
  return object;
}

}  // namespace

Napi::Value events_to(Napi::Env env, const std::vector<Event>& events) { return list_to(env, events, event_to); }

}  // namespace pgvip
