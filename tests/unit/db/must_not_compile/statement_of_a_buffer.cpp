#include <quell/db/statement.hpp>

void run(char (&typed_by_a_user)[64]) {
  quell::db::Call call(typed_by_a_user);
}
