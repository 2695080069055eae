// Everything that knows Node-API: JavaScript objects to orders, events to JavaScript objects, and the life of the
// thread.
#include <napi.h>

#include <memory>

#include "io_thread.h"
#include "sd_notify.h"

namespace {

using pgvip::Address, pgvip::AddressPlan, pgvip::AddressState, pgvip::AdvertPacket, pgvip::Bytes, pgvip::Event;
using pgvip::Failure, pgvip::Family, pgvip::LinkState, pgvip::Order;
namespace event = pgvip::event;
namespace order = pgvip::order;

// ── from JavaScript ─────────────────────────────────────────────────────────────────────────────────────────────────

[[noreturn]] void fail(const Napi::Env& env, const std::string& text) { throw Napi::TypeError::New(env, text); }

double number_of(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsNumber()) fail(object.Env(), std::string(key) + " is not a number");
  return value.As<Napi::Number>().DoubleValue();
}

int int_of(const Napi::Object& object, const char* key) { return static_cast<int>(number_of(object, key)); }

bool bool_of(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsBoolean()) fail(object.Env(), std::string(key) + " is not a boolean");
  return value.As<Napi::Boolean>().Value();
}

std::string text_of(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsString()) fail(object.Env(), std::string(key) + " is not a string");
  return value.As<Napi::String>().Utf8Value();
}

Address address_of(const Napi::Env& env, const std::string& text) {
  const auto address = pgvip::parse_address(text);
  if (!address) fail(env, text + " is not an IP address");
  return *address;
}

Bytes bytes_of(const Napi::Env& env, const Napi::Value& value) {
  if (!value.IsTypedArray()) fail(env, "bytes are not a Uint8Array");
  const auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

Napi::Object object_of(const Napi::Env& env, const Napi::Value& value) {
  if (!value.IsObject()) fail(env, "not an object");
  return value.As<Napi::Object>();
}

template <typename Item, typename Convert>
std::vector<Item> list_of(const Napi::Object& object, const char* key, Convert convert) {
  const Napi::Value value = object.Get(key);
  if (!value.IsArray()) fail(object.Env(), std::string(key) + " is not an array");
  const auto array = value.As<Napi::Array>();
  std::vector<Item> items;
  for (std::uint32_t index = 0; index < array.Length(); ++index) {
    const Napi::Value item = array.Get(index);
    items.push_back(convert(item));
  }
  return items;
}

AddressPlan address_plan(const Napi::Value& value) {
  const auto object = object_of(value.Env(), value);
  AddressPlan plan;
  plan.address = address_of(value.Env(), text_of(object, "address"));
  plan.prefix_length = static_cast<std::uint8_t>(int_of(object, "prefixLength"));
  if (object.Has("label")) plan.label = text_of(object, "label");
  if (object.Has("broadcast")) plan.broadcast = address_of(value.Env(), text_of(object, "broadcast"));
  plan.deprecated = bool_of(object, "deprecated");
  plan.no_prefix_route = bool_of(object, "noPrefixRoute");
  return plan;
}

AdvertPacket advert_packet(const Napi::Value& value) {
  const auto object = object_of(value.Env(), value);
  return {address_of(value.Env(), text_of(object, "source")), address_of(value.Env(), text_of(object, "destination")),
          bytes_of(value.Env(), object.Get("pdu"))};
}

std::vector<AddressPlan> address_plans(const Napi::Object& object) {
  return list_of<AddressPlan>(object, "addresses", address_plan);
}

std::vector<AdvertPacket> advert_packets(const Napi::Object& object, const char* key) {
  return list_of<AdvertPacket>(object, key, advert_packet);
}

std::vector<Bytes> frames_of(const Napi::Object& object, const char* key) {
  return list_of<Bytes>(object, key, [](const Napi::Value& value) { return bytes_of(value.Env(), value); });
}

pgvip::Listening listening_of(const Napi::Object& object) {
  pgvip::Listening listening;
  listening.if_index = int_of(object, "ifIndex");
  list_of<int>(object, "families", [&](const Napi::Value& value) {
    const std::string family = value.ToString();
    (family == "ipv6" ? listening.ipv6 : listening.ipv4) = true;
    return 0;
  });
  listening.multicast = bool_of(object, "multicast");
  listening.router_ids = list_of<std::uint8_t>(object, "routerIds", [](const Napi::Value& value) {
    return static_cast<std::uint8_t>(value.ToNumber().Uint32Value());
  });
  listening.vips = list_of<Address>(object, "vips",
                                    [](const Napi::Value& value) { return address_of(value.Env(), value.ToString()); });
  return listening;
}

pgvip::HoldingPlan holding_plan(const Napi::Object& object) {
  pgvip::HoldingPlan plan;
  plan.holding = static_cast<std::uint32_t>(number_of(object, "holding"));
  plan.if_index = int_of(object, "ifIndex");
  plan.addresses = address_plans(object);
  plan.announcements = frames_of(object, "announcements");
  plan.adverts = advert_packets(object, "adverts");
  plan.advert_interval_ms = number_of(object, "advertIntervalMs");
  plan.resignations = advert_packets(object, "resignations");
  plan.destroy_sockets = bool_of(object, "destroySockets");
  plan.kernel_lease_s = static_cast<std::uint32_t>(number_of(object, "kernelLeaseSeconds"));
  const auto leases = object_of(object.Env(), object.Get("leases"));
  plan.lease_until_ms = number_of(leases, "leaseUntilMs");
  plan.right_until_ms = number_of(leases, "rightUntilMs");
  return plan;
}

Order order_of(const Napi::Object& object) {
  const std::string kind = text_of(object, "kind");
  const auto holding = [&] { return static_cast<std::uint32_t>(number_of(object, "holding")); };
  Order result;
  result.number = number_of(object, "order");
  if (kind == "listen") {
    result.what = order::Listen{listening_of(object_of(object.Env(), object.Get("listening")))};
  } else if (kind == "unlisten") {
    result.what = order::Unlisten{int_of(object, "ifIndex")};
  } else if (kind == "takeOver") {
    result.what =
        order::TakeOver{holding_plan(object_of(object.Env(), object.Get("holding"))), bool_of(object, "announce")};
  } else if (kind == "renew") {
    result.what = order::Renew{holding(), number_of(object, "leaseUntilMs"), number_of(object, "rightUntilMs")};
  } else if (kind == "advertise") {
    result.what = order::Advertise{holding(), advert_packets(object, "adverts")};
  } else if (kind == "announce") {
    result.what = order::Announce{holding()};
  } else if (kind == "release") {
    result.what = order::Release{holding(), bool_of(object, "resign")};
  } else if (kind == "abandon") {
    result.what = order::Abandon{holding()};
  } else if (kind == "removeAddresses") {
    result.what =
        order::RemoveAddresses{int_of(object, "ifIndex"), address_plans(object), bool_of(object, "destroySockets")};
  } else if (kind == "sendFrames") {
    result.what = order::SendFrames{int_of(object, "ifIndex"), frames_of(object, "frames")};
  } else if (kind == "sendAdverts") {
    result.what = order::SendAdverts{int_of(object, "ifIndex"), advert_packets(object, "adverts")};
  } else if (kind == "dump") {
    result.what = order::Dump{};
  } else {
    fail(object.Env(), "no such order: " + kind);
  }
  return result;
}

// ── to JavaScript ───────────────────────────────────────────────────────────────────────────────────────────────────

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
  object.Set("address", pgvip::to_text(state.address));
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
    object.Set("source", pgvip::to_text(advert.source));
    object.Set("destination", pgvip::to_text(advert.destination));
    object.Set("ttl", advert.ttl);
    object.Set("pdu", bytes_to(env, advert.pdu));
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

// ── the life of the thread ──────────────────────────────────────────────────────────────────────────────────────────

class Engine : public Napi::ObjectWrap<Engine> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Engine",
                       {InstanceMethod<&Engine::execute>("execute"), InstanceMethod<&Engine::close>("close"),
                        InstanceAccessor<&Engine::realtime>("realtime")});
  }

  // new Engine((events) => void)
  explicit Engine(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Engine>(info) {
    if (!info[0].IsFunction()) fail(info.Env(), "Engine wants a callback for events");
    wakeup_ = Napi::ThreadSafeFunction::New(info.Env(), info[0].As<Napi::Function>(), "pgvip events", 0, 1);
    const auto queue = std::make_shared<pgvip::EventQueue>([this] { wake(); });
    queue_ = queue;
    try {
      thread_ = std::make_unique<pgvip::IoThread>(queue);
    } catch (const pgvip::SyscallError& error) {
      wakeup_.Release();
      throw Napi::Error::New(info.Env(), error.what());
    }
    // Worker and process exit close too, so that the thread never outlives its environment.
    hook_ = info.Env().AddCleanupHook(&Engine::leave, this);
    hooked_ = true;
  }

  ~Engine() override { shut(); }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

 private:
  void wake() {
    wakeup_.NonBlockingCall([queue = queue_](Napi::Env env, Napi::Function callback) {
      const auto events = queue->take(pgvip::monotonic_ms());
      if (events.empty()) return;
      try {
        callback.Call({list_to(env, events, event_to)});
      } catch (const Napi::Error& error) {
        // A bug in the agent: it ends as any uncaught exception ends it, instead of being swallowed here.
        napi_fatal_exception(env, error.Value());
      }
    });
  }

  void execute(const Napi::CallbackInfo& info) {
    auto order = order_of(object_of(info.Env(), info[0]));
    if (thread_) thread_->execute(std::move(order));
  }

  void close(const Napi::CallbackInfo&) { shut(); }

  static void leave(Engine* engine) {
    engine->hooked_ = false;
    engine->shut();
  }

  Napi::Value realtime(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), thread_ && thread_->realtime());
  }

  void shut() {
    if (!thread_) return;
    thread_->close();
    thread_.reset();
    wakeup_.Release();
    // A hook that is just running must not be removed.
    if (hooked_) hook_.Remove(Env());
    hooked_ = false;
  }

  Napi::ThreadSafeFunction wakeup_;
  std::shared_ptr<pgvip::EventQueue> queue_;
  std::unique_ptr<pgvip::IoThread> thread_;
  Napi::Env::CleanupHook<void (*)(Engine*), Engine> hook_;
  bool hooked_ = false;
};

Napi::Value notify_systemd(const Napi::CallbackInfo& info) {
  try {
    return Napi::Boolean::New(info.Env(), pgvip::sd_notify(info[0].ToString()));
  } catch (const pgvip::SyscallError& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("Engine", Engine::define(env));
  exports.Set("notifySystemd", Napi::Function::New(env, notify_systemd));
  exports.Set("napiVersion", NAPI_VERSION);
  return exports;
}

}  // namespace

NODE_API_MODULE(pgvip, init)
