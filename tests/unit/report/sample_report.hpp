#pragma once

#include "analyzer/report/report.hpp"

namespace quell::test {

/// Nothing but an empty, whole trace: no findings.
report::Report quiet_report();

/// A bookshop's trace with one proved N+1, one duplicate, a plan and an index advice; every number is made up here.
report::Report shop_report();

/// shop_report() with every text replaced by something that tries to break out of where it is shown.
report::Report hostile_report();

}  // namespace quell::test
