#include <quell/db/pool.hpp>
