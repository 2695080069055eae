// Plays holdings in virtual time, as standard input asks for, one holding a line, all in milliseconds:
//
//   ADVERT_INTERVAL KERNEL_LEASE_SECONDS TAKEN_OVER_AT TIME...
//
// The answer is a line with a word for each time: `a` an advert was due, `r` a renewal of the kernel's lease,
// `ar` both, `-` neither. What is due is done at once.
#include <iostream>
#include <sstream>
#include <string>

#include "../../native/holding.h"

namespace {

std::string pass(pgvip::Holding* holding, double now_ms) {
  const pgvip::Instant now{now_ms, now_ms};
  std::string done;
  if (holding->advert_due(now)) {
    holding->advert_sent(now_ms);
    done += "a";
  }
  if (holding->renewal_due(now)) {
    holding->renewed(now_ms);
    done += "r";
  }
  return done.empty() ? "-" : done;
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    pgvip::HoldingPlan plan;
    double begun_ms = 0;
    words >> plan.advert_interval_ms >> plan.kernel_lease_s >> begun_ms;
    pgvip::Holding holding(plan, begun_ms);
    for (double now_ms = 0; words >> now_ms;) std::cout << pass(&holding, now_ms) << " ";
    std::cout << "\n";
  }
}
