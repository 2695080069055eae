// Steps that are tried one after the other, each whatever became of those before it.
#pragma once

#include <optional>

#include "syscall_error.h"

namespace pgvip {

// Carries out a step and keeps the first failure, so that the steps after it are tried all the same.
template <typename Step>
void attempt(std::optional<Failure>* first, Step step) {
  try {
    step();
  } catch (const SyscallError& error) {
    if (!*first) *first = error.failure();
  }
}

}  // namespace pgvip
