// Sends frames on an interface again and again at a steady rate, as cheaply as it can: the processors of the lab are
// those of the hosts that it floods. Arguments: interface, frames per second, seconds, and the frames, each in hex.
// Says when it begins, and in the end how many frames have left within how many milliseconds.
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Frame = std::vector<unsigned char>;

// What the sender wakes up for, and at most what it sends at once when it is late: a receiver's buffer holds more.
constexpr auto kPause = std::chrono::milliseconds(2);
constexpr long kBatch = 256;

[[noreturn]] void fail(const char* call) {
  std::perror(call);
  std::exit(1);
}

Frame frame_of(const std::string& hex) {
  Frame frame;
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
    frame.push_back(static_cast<unsigned char>(std::stoi(hex.substr(at, 2), nullptr, 16)));
  }
  return frame;
}

int open_socket(const char* interface) {
  // Protocol 0: it receives nothing.
  const int fd = ::socket(AF_PACKET, SOCK_RAW, 0);
  if (fd < 0) fail("socket");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = static_cast<int>(::if_nametoindex(interface));
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) < 0) fail("bind");
  const int yes = 1;
  if (::setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof(yes)) < 0) fail("PACKET_QDISC_BYPASS");
  return fd;
}

long milliseconds(Clock::duration span) {
  return static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(span).count());
}

}  // namespace

int main(int count, char** words) {
  if (count < 5) return 2;
  const double per_second = std::atof(words[2]);
  const long total = static_cast<long>(per_second * std::atof(words[3]));
  std::vector<Frame> frames;
  for (int index = 4; index < count; ++index) frames.push_back(frame_of(words[index]));
  std::vector<iovec> parts(kBatch);
  std::vector<mmsghdr> batch(kBatch);
  const int fd = open_socket(words[1]);

  std::puts("flooding");
  std::fflush(stdout);
  const auto started = Clock::now();
  for (long sent = 0; sent < total;) {
    const std::chrono::duration<double> passed = Clock::now() - started;
    const long due = std::min(total, static_cast<long>(passed.count() * per_second));
    const long now = std::min(due - sent, kBatch);
    for (long index = 0; index < now; ++index) {
      auto& frame = frames[static_cast<std::size_t>(sent + index) % frames.size()];
      parts[index] = {frame.data(), frame.size()};
      batch[index].msg_hdr.msg_iov = &parts[index];
      batch[index].msg_hdr.msg_iovlen = 1;
    }
    const int left = now == 0 ? 0 : ::sendmmsg(fd, batch.data(), static_cast<unsigned>(now), 0);
    // A full queue is no reason to give up.
    if (left > 0) sent += left;
    if (due - sent < kBatch) std::this_thread::sleep_for(kPause);
  }
  std::printf("%ld %ld\n", total, milliseconds(Clock::now() - started));
  return 0;
}
