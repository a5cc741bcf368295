#include <quell/trace/value.hpp>
