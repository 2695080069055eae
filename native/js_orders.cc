// JavaScript objects to orders. What does not fit is a TypeError that names the field.
#include "js_orders.h"

namespace pgvip {

namespace {

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
  const auto address = parse_address(text);
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
std::vector<Item> items_of(const Napi::Value& value, const char* name, Convert convert) {
  if (!value.IsArray()) fail(value.Env(), std::string(name) + " is not an array");
  const auto array = value.As<Napi::Array>();
  std::vector<Item> items;
  for (std::uint32_t index = 0; index < array.Length(); ++index) {
    const Napi::Value item = array.Get(index);
    items.push_back(convert(item));
  }
  return items;
}

template <typename Item, typename Convert>
std::vector<Item> list_of(const Napi::Object& object, const char* key, Convert convert) {
  return items_of<Item>(object.Get(key), key, convert);
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
  AdvertPacket packet;
  packet.source = address_of(value.Env(), text_of(object, "source"));
  packet.destination = address_of(value.Env(), text_of(object, "destination"));
  packet.pdu = bytes_of(value.Env(), object.Get("pdu"));
  if (object.Has("signing")) {
    if (packet.pdu.size() < kAdvertHead + kSigningTrailer) fail(value.Env(), "pdu has no room for a trailer");
    const auto signing = object_of(value.Env(), object.Get("signing"));
    packet.signing = Signing{bytes_of(value.Env(), signing.Get("key")),
                             static_cast<std::uint32_t>(number_of(signing, "windowSeconds"))};
  }
  return packet;
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

Listening listening_of(const Napi::Object& object) {
  Listening listening;
  listening.if_index = int_of(object, "ifIndex");
  list_of<int>(object, "families", [&](const Napi::Value& value) {
    const std::string family = value.ToString();
    (family == "ipv6" ? listening.ipv6 : listening.ipv4) = true;
    return 0;
  });
  listening.multicast = bool_of(object, "multicast");
  listening.capture = object.Has("capture") && bool_of(object, "capture");
  listening.router_ids = list_of<std::uint8_t>(object, "routerIds", [](const Napi::Value& value) {
    return static_cast<std::uint8_t>(value.ToNumber().Uint32Value());
  });
  listening.vips = list_of<Address>(object, "vips",
                                    [](const Napi::Value& value) { return address_of(value.Env(), value.ToString()); });
  return listening;
}

HoldingPlan holding_plan(const Napi::Object& object) {
  HoldingPlan plan;
  plan.holding = static_cast<std::uint32_t>(number_of(object, "holding"));
  const int if_index = int_of(object, "ifIndex");
  plan.links = {if_index, if_index};
  if (object.Has("virtualLinks")) {
    const auto links = object_of(object.Env(), object.Get("virtualLinks"));
    plan.links = {int_of(links, "ipv4"), int_of(links, "ipv6")};
  }
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

order::ExpectAdverts expectation_of(const Napi::Object& object) {
  const auto like = object_of(object.Env(), object.Get("like"));
  order::ExpectAdverts expected;
  expected.if_index = int_of(like, "ifIndex");
  expected.source = address_of(object.Env(), text_of(like, "source"));
  expected.destination = address_of(object.Env(), text_of(like, "destination"));
  expected.ttl = int_of(like, "ttl");
  expected.pdu = bytes_of(object.Env(), like.Get("pdu"));
  if (expected.pdu.size() < kAdvertHead) fail(object.Env(), "pdu is no advert");
  expected.silence_ms = number_of(object, "silenceMs");
  expected.until_ms = number_of(object, "untilMs");
  return expected;
}

std::optional<order::Patience> patience_of(const Napi::Object& exchange) {
  if (!exchange.Has("patience")) return std::nullopt;
  const auto object = object_of(exchange.Env(), exchange.Get("patience"));
  order::Patience patience;
  patience.first_ms = number_of(object, "firstAtMs");
  patience.every_ms = number_of(object, "everyMs");
  patience.until_ms = number_of(object, "untilMs");
  patience.known = bytes_of(object.Env(), object.Get("known"));
  patience.ignored =
      list_of<std::string>(object, "ignored", [](const Napi::Value& value) -> std::string { return value.ToString(); });
  return patience;
}

std::optional<order::FileSign> sign_of(const Napi::Object& wait) {
  if (!wait.Has("sign")) return std::nullopt;
  const auto object = object_of(wait.Env(), wait.Get("sign"));
  return order::FileSign{int_of(object, "fd"), int_of(object, "offset"),
                         static_cast<std::uint32_t>(int_of(object, "value"))};
}

Order order_of(const Napi::Value& value) {
  const auto object = object_of(value.Env(), value);
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
  } else if (kind == "addVirtualLink") {
    result.what = order::AddVirtualLink{int_of(object, "ifIndex"), text_of(object, "name"),
                                        bytes_of(object.Env(), object.Get("mac"))};
  } else if (kind == "removeVirtualLink") {
    result.what = order::RemoveVirtualLink{text_of(object, "name")};
  } else if (kind == "sendFrames") {
    result.what = order::SendFrames{int_of(object, "ifIndex"), frames_of(object, "frames")};
  } else if (kind == "sendAdverts") {
    result.what = order::SendAdverts{int_of(object, "ifIndex"), advert_packets(object, "adverts")};
  } else if (kind == "exchange") {
    result.what = order::Exchange{address_of(object.Env(), text_of(object, "address")),
                                  static_cast<std::uint16_t>(int_of(object, "port")),
                                  bytes_of(object.Env(), object.Get("request")),
                                  number_of(object, "connectTimeoutMs"),
                                  number_of(object, "timeoutMs"),
                                  static_cast<std::size_t>(number_of(object, "maxBytes")),
                                  patience_of(object)};
  } else if (kind == "awaitExit") {
    result.what = order::AwaitExit{int_of(object, "pid"), number_of(object, "timeoutMs"), sign_of(object)};
  } else if (kind == "expectAdverts") {
    result.what = expectation_of(object);
  } else if (kind == "heedAdverts") {
    result.what = order::HeedAdverts{int_of(object, "ifIndex"), static_cast<std::uint8_t>(int_of(object, "routerId"))};
  } else if (kind == "dump") {
    result.what = order::Dump{};
  } else {
    fail(object.Env(), "no such order: " + kind);
  }
  return result;
}

}  // namespace

std::vector<Order> orders_of(const Napi::Value& value) {
  return items_of<Order>(value, "the list of orders", order_of);
}

}  // namespace pgvip
