// A failed call into the kernel: which call, which errno, and about what.
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <utility>

namespace pgvip {

struct Failure {
  std::string call;
  // The errno's name, such as EPERM.
  std::string errno_name;
  std::string detail;
};

// The symbolic name of an errno (`EPERM`), or `E<number>` when it has none.
std::string errno_name(int error);

inline Failure failure(std::string call, int error, std::string detail = {}) {
  return {std::move(call), errno_name(error), std::move(detail)};
}

class SyscallError : public std::runtime_error {
 public:
  explicit SyscallError(Failure failure)
      : std::runtime_error(failure.call + ": " + failure.errno_name), failure_(std::move(failure)) {}
  SyscallError(const std::string& call, int error, const std::string& detail = {})
      : std::runtime_error(call + ": " + pgvip::errno_name(error) + (detail.empty() ? "" : " (" + detail + ")")),
        failure_(pgvip::failure(call, error, detail)) {}

  [[nodiscard]] const Failure& failure() const { return failure_; }

 private:
  Failure failure_;
};

// Throws with the current errno when a call returned less than zero; otherwise hands its result on.
inline int check(int result, const char* call, const std::string& detail = {}) {
  if (result < 0) throw SyscallError(call, errno, detail);
  return result;
}

}  // namespace pgvip
