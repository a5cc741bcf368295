// Compiles: what the others get wrong is what they are meant to get wrong.
#include <quell/db/expression.hpp>
#include <quell/db/statement.hpp>

void run() {
  quell::db::Call call("select 1");
  quell::db::Literal literal("t0.id > $1");
  (void)call;
  (void)literal;
}
