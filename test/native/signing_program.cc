// Signs what is asked on standard input, one request a line, all in hexadecimal; the answer is a line as well.
//
//   hash DATA
//   hmac KEY DATA
//   sign SECONDS NANOSECONDS INTERFACE SOURCE WINDOW KEY PDU    (numbers and the address as text; `-` = no key: not
//   signed)
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "../../native/advert_signer.h"
#include "../../native/sha256.h"

namespace {

pgvip::Bytes bytes_of(const std::string& text) {
  pgvip::Bytes bytes;
  for (std::size_t index = 0; index + 1 < text.size(); index += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(index, 2), nullptr, 16)));
  }
  return bytes;
}

template <typename Range>
std::string hex_of(const Range& range) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : range) {
    text += digits[byte >> 4U];
    text += digits[byte & 0x0fU];
  }
  return text;
}

pgvip::Bytes next_bytes(std::istream& words) {
  std::string text;
  words >> text;
  return bytes_of(text);
}

std::string sign(std::istream& words, pgvip::AdvertSigner* signer) {
  timespec now{};
  int if_index = 0;
  std::string source;
  std::string key;
  pgvip::AdvertPacket packet;
  pgvip::Signing signing;
  words >> now.tv_sec >> now.tv_nsec >> if_index >> source >> signing.window_s >> key;
  const auto address = pgvip::parse_address(source);
  if (!address) throw std::invalid_argument("source " + source);
  packet.source = *address;
  packet.pdu = next_bytes(words);
  signing.key = bytes_of(key);
  if (key != "-") packet.signing = signing;
  return hex_of(signer->emit(if_index, packet, now));
}

}  // namespace

int main() {
  pgvip::AdvertSigner signer;
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string request;
    words >> request;
    if (request == "hash") {
      const auto data = next_bytes(words);
      pgvip::Sha256 hash;
      // In two parts, so that blocks are filled across calls.
      const std::size_t half = data.size() / 2;
      hash.update(data.data(), half);
      hash.update(data.data() + half, data.size() - half);
      std::cout << hex_of(hash.finish()) << '\n';
    } else if (request == "hmac") {
      const auto key = next_bytes(words);
      const auto data = next_bytes(words);
      pgvip::HmacSha256 hmac(key.data(), key.size());
      hmac.update(data.data(), data.size());
      std::cout << hex_of(hmac.finish()) << '\n';
    } else {
      std::cout << sign(words, &signer) << '\n';
    }
  }
}
