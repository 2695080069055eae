// Small classic BPF programs, written instruction by instruction: what no group of ours is about never leaves the
// kernel.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

namespace pgvip {

class Bpf {
 public:
  // X = length of the IPv4 header at this offset.
  void load_ipv4_header_length(std::uint32_t offset) { add(BPF_LDX | BPF_B | BPF_MSH, offset); }
  // A = byte at this offset, counted from X when `indexed`.
  void load_byte(std::uint32_t offset, bool indexed = false) {
    add(BPF_LD | BPF_B | (indexed ? BPF_IND : BPF_ABS), offset);
  }
  void load_half(std::uint32_t offset) { add(BPF_LD | BPF_H | BPF_ABS, offset); }
  void load_word(std::uint32_t offset) { add(BPF_LD | BPF_W | BPF_ABS, offset); }
  // A = PACKET_HOST, PACKET_BROADCAST, PACKET_OTHERHOST...: what the kernel found out about a link-layer frame.
  void load_packet_type() { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE)); }

  void accept_if_equal(std::uint32_t value) {
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    accept();
  }
  void reject_if_equal(std::uint32_t value) {
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    reject();
  }
  void reject_unless_equal(std::uint32_t value) {
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0));
    reject();
  }
  // Skips `count` instructions unless A equals the value.
  void skip_unless_equal(std::uint32_t value, std::uint8_t count) {
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count));
  }
  void accept() { add(BPF_RET | BPF_K, kWholePacket); }
  void reject() { add(BPF_RET | BPF_K, 0); }

  // Throws SyscallError.
  void attach(int fd) const;

 private:
  static constexpr std::uint32_t kWholePacket = 0x40000;

  void add(int code, std::uint32_t k) { program_.push_back(BPF_STMT(static_cast<std::uint16_t>(code), k)); }

  std::vector<sock_filter> program_;
};

}  // namespace pgvip
