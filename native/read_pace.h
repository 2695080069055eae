// How often a socket is read when more comes in than its owners may send: not at each packet, but some hundred times a
// second.
//
// The thread has real-time priority. Woken by each of 50 000 packets a second it would take a processor from PostgreSQL
// and Patroni, just when they have a fail-over to do; read in portions, the same packets cost it little, and none is
// lost: the socket's buffer holds several portions. What is beyond that, the kernel drops.
#pragma once

#include <limits>

namespace pgvip {

class ReadPace {
 public:
  // Tells how many packets a reading brought, and whether that was all there were. The socket rests after it, or not.
  void note(int packets, bool emptied, double now_ms) {
    if (now_ms >= slice_ends_ms_) {
      slice_ends_ms_ = now_ms + kSliceMs;
      read_ = 0;
    }
    read_ += packets;
    if (read_ >= kMost || (emptied && read_ >= kCalm)) rests_until_ms_ = slice_ends_ms_;
  }
  [[nodiscard]] bool rests() const { return rests_until_ms_ < kNever; }
  [[nodiscard]] double rests_until_ms() const { return rests_until_ms_; }
  void wake() { rests_until_ms_ = kNever; }

 private:
  static constexpr double kNever = std::numeric_limits<double>::infinity();
  // A resignation, or somebody's claim, waits no longer than that.
  static constexpr double kSliceMs = 5;
  // As many in a slice are no flood: each is read when it comes.
  static constexpr int kCalm = 16;
  // 100 000 a second; a socket's buffer holds more than twice as many.
  static constexpr int kMost = 512;

  double slice_ends_ms_ = 0;
  double rests_until_ms_ = kNever;
  int read_ = 0;
};

}  // namespace pgvip
