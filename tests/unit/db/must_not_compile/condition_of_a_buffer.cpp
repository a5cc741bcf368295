#include <quell/db/expression.hpp>

void run(char (&typed_by_a_user)[64]) {
  quell::db::Literal literal(typed_by_a_user);
}
