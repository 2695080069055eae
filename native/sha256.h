// SHA-256 (FIPS 180-4) and HMAC (RFC 2104) with it. The addon has its own because Node-API gives no cryptography to
// native code, and the OpenSSL inside Node.js is not for addons: its symbols change from one version of Node.js to the
// next.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pgvip {

class Sha256 {
 public:
  static constexpr std::size_t kBlock = 64;
  static constexpr std::size_t kDigest = 32;
  using Digest = std::array<std::uint8_t, kDigest>;

  void update(const std::uint8_t* data, std::size_t size);
  // Ends the computation.
  [[nodiscard]] Digest finish();

 private:
  void compress(const std::uint8_t* block);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, kBlock> pending_ = {};
  std::uint64_t size_ = 0;
};

class HmacSha256 {
 public:
  HmacSha256(const std::uint8_t* key, std::size_t size);

  void update(const std::uint8_t* data, std::size_t size) { inner_.update(data, size); }
  // Ends the computation.
  [[nodiscard]] Sha256::Digest finish();

 private:
  std::array<std::uint8_t, Sha256::kBlock> key_ = {};
  Sha256 inner_;
};

}  // namespace pgvip
