// libFuzzer's way into native/parse.cc and native/answer_gist.cc: the first byte chooses the reader, the rest is what
// the network or the kernel said. AddressSanitizer watches the bytes; the checks here watch what the readers promise.
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../../native/answer_gist.h"
#include "../../native/parse.h"

namespace {

void expect(bool promise) {
  if (!promise) std::abort();
}

// Reads every byte, so that one outside the buffer is noticed.
unsigned touch(const std::uint8_t* data, std::size_t size) {
  unsigned sum = 0;
  for (std::size_t index = 0; index < size; ++index) sum += data[index];
  return sum;
}

void packet(const std::uint8_t* data, std::size_t size) {
  const auto payload = pgvip::parse_ipv4(data, size);
  if (!payload) return;
  expect(payload->data >= data && payload->data + payload->size <= data + size);
  expect(payload->ttl >= 0 && payload->ttl <= 255);
  expect(touch(payload->data, payload->size) <= 255U * payload->size);
}

void route(const std::uint8_t* data, std::size_t size, std::uint32_t sequence) {
  pgvip::Answer answer;
  answer.sequence = sequence;
  std::size_t messages = 0;
  const pgvip::RouteHandlers handlers{
      [&](bool, const pgvip::LinkState& link) {
        ++messages;
        expect(link.name.size() <= size && link.mac.size() <= size);
      },
      [&](bool, const pgvip::AddressState& state) {
        ++messages;
        expect(state.label.size() <= size);
        const std::string text = pgvip::to_text(state.address);
        expect(pgvip::parse_address(text).has_value());
        expect(*pgvip::parse_address(text) == state.address);
      },
  };
  pgvip::parse_route(data, size, handlers, &answer);
  expect(messages <= size / sizeof(nlmsghdr));
  expect(sequence != 0 || !answer.complete);
}

void diag(const std::uint8_t* data, std::size_t size, std::uint32_t sequence) {
  pgvip::Answer answer;
  answer.sequence = sequence;
  pgvip::parse_diag(
      data, size,
      [](const pgvip::DiagSocket& socket) {
        expect(socket.family == AF_INET || socket.family == AF_INET6);
        expect(!pgvip::to_text(socket.local).empty());
      },
      &answer);
}

pgvip::Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

void gist(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::string> ignored{"xlog", "latest_end_lsn"};
  const pgvip::Bytes answer(data, data + size);
  const std::string all = pgvip::answer_gist(answer, {});
  const std::string some = pgvip::answer_gist(answer, ignored);
  expect(some.size() <= all.size() && all.size() <= size);
  expect(some == pgvip::answer_gist(answer, ignored));
  // Within a string of a value that is ignored, nothing counts; anywhere else, everything does.
  const auto around = [&](const std::string& name, const std::string& text) {
    return pgvip::answer_gist(
        bytes_of("HTTP/1.0 200 OK\r\n\r\n{\"" + name + "\": [\"" + text + "\"], \"role\": \"primary\"}"), ignored);
  };
  std::string text(reinterpret_cast<const char*>(data), size);
  for (char& byte : text) {
    if (byte == '"' || byte == '\\') byte = '\'';
  }
  expect(around("xlog", text) == around("xlog", ""));
  expect(text.empty() || around("role", text) != around("role", ""));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // 1 is the sequence number of the recorded answers; 0 listens to all, as the monitor does.
  switch (data[0] % 6) {
    case 0:
      packet(data + 1, size - 1);
      break;
    case 1:
      route(data + 1, size - 1, 0);
      break;
    case 2:
      route(data + 1, size - 1, 1);
      break;
    case 3:
      diag(data + 1, size - 1, 1);
      break;
    case 4:
      if (const auto address = pgvip::parse_address({reinterpret_cast<const char*>(data + 1), size - 1})) {
        expect(*pgvip::parse_address(pgvip::to_text(*address)) == *address);
      }
      break;
    default:
      gist(data + 1, size - 1);
      break;
  }
  return 0;
}
