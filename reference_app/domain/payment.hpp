#pragma once

#include <chrono>
#include <cstdint>

#include <quell/db/connection.hpp>

namespace quell::reference {

/// What a call of a payment provider takes; there is none here, so nothing is refused.
inline constexpr std::chrono::milliseconds kPaymentTime{20};

/// Slow, and no business of the database's: nothing may be locked meanwhile.
db::Awaitable<void> authorise_payment();

}  // namespace quell::reference
