#include "analyzer/lint/rules.hpp"

#include <algorithm>
#include <array>

namespace quell::lint {
namespace {

constexpr std::array kRules{
    // What keeps others waiting.
    Rule{"volatile-default",
         "writes the whole table anew under an ACCESS EXCLUSIVE lock: the default is evaluated for each row",
         "add the column without a default, set the default, fill old rows in batches"},
    Rule{"stored-generated-column", "writes the whole table anew under an ACCESS EXCLUSIVE lock",
         "add an ordinary column, fill it in batches and keep it with a trigger, or compute it in a view"},
    Rule{"foreign-key-without-not-valid",
         "keeps writers of both tables waiting while every row is checked (SHARE ROW EXCLUSIVE)",
         "add the constraint NOT VALID, then VALIDATE CONSTRAINT in a later transaction"},
    Rule{"check-without-not-valid", "keeps everybody waiting while every row is checked (ACCESS EXCLUSIVE)",
         "add the constraint NOT VALID, then VALIDATE CONSTRAINT in a later transaction"},
    Rule{"validate-in-same-transaction",
         "holds the lock of ADD CONSTRAINT while every row is checked, as if NOT VALID had not been said",
         "validate in a revision of its own or in an autocommit block"},
    Rule{"set-not-null", "keeps everybody waiting while every row is checked (ACCESS EXCLUSIVE)",
         "add CHECK (column IS NOT NULL) NOT VALID, validate it in a later transaction, then SET NOT NULL, which finds "
         "the check, and drop the check"},
    Rule{"unique-constraint-in-place", "keeps everybody waiting while the index is built (ACCESS EXCLUSIVE)",
         "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT ... USING INDEX"},
    Rule{"index-without-concurrently", "keeps writers waiting while the index is built (SHARE)",
         "CREATE INDEX CONCURRENTLY in an autocommit block"},
    Rule{"drop-index-without-concurrently",
         "waits for every transaction on the table and keeps others behind it waiting "
         "(ACCESS EXCLUSIVE)",
         "DROP INDEX CONCURRENTLY in an autocommit block"},
    Rule{"reindex-without-concurrently", "keeps writers waiting while the index is built",
         "REINDEX ... CONCURRENTLY in an autocommit block"},
    Rule{"detach-without-concurrently", "keeps everybody of the parent waiting (ACCESS EXCLUSIVE)",
         "DETACH PARTITION ... CONCURRENTLY in an autocommit block"},
    Rule{"refresh-without-concurrently", "keeps readers waiting while the view is computed (ACCESS EXCLUSIVE)",
         "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index"},
    Rule{"table-rewrite", "writes the whole table anew under an ACCESS EXCLUSIVE lock",
         "do without, or use a tool that copies the table beside it (pg_repack)"},
    Rule{"whole-table-write", "locks every row until the end of the transaction and leaves as many dead ones",
         "change rows in batches, each committed by itself, in a revision of its own"},
    Rule{"no-lock-timeout", "queues behind long transactions, and everybody else behind it, without an end",
         "leave lock_timeout as it is, or give it a time"},

    // What fails.
    Rule{"concurrently-in-transaction", "fails: it cannot run inside a transaction",
         "put it between '-- quell: begin autocommit' and '-- quell: end autocommit'"},
    Rule{"transaction-control", "ends or nests the transaction that the revision runs in",
         "leave it out; use autocommit blocks where no transaction is wanted"},
    Rule{"not-repeatable", "fails when it is run again after an interruption: nothing undoes what stands before it",
         "say IF NOT EXISTS or IF EXISTS"},
    Rule{"adding-required-column", "fails where the table has rows, and breaks programs that insert without the column",
         "give it a default, or add it nullable, fill it, then make it NOT NULL"},
    Rule{"long-identifier", "is cut to 63 bytes without an error, so that later steps do not find it",
         "choose a shorter name"},
    Rule{"syntax", "cannot be read by the server's grammar", "mend it"},

    // What breaks programs that still run.
    Rule{"drop-table", "breaks programs that still use the table, and its rows are gone",
         "release the programs that do without it first; drop it in a later release"},
    Rule{"drop-column", "breaks programs that still name the column, and its values are gone",
         "release the programs that do without it first; drop it in a later release"},
    Rule{"rename-table", "breaks every program that runs, old or new, until all are changed",
         "rename it and leave a view with the old name, or make a new table and move over"},
    Rule{"rename-column", "breaks every program that runs, old or new, until all are changed",
         "add a new column, write both, fill it, read the new one, drop the old one later"},
    Rule{"change-type",
         "writes the table and its indexes anew under an ACCESS EXCLUSIVE lock, and changes what programs read",
         "add a new column, write both, fill it, read the new one, drop the old one later"},
    Rule{"drop-not-null", "lets NULL into programs that do not expect it",
         "release programs that can read NULL first, then allow this with a reason"},
    Rule{"drop-cascade", "drops whatever depends on it, without naming it", "drop the dependents by name"},
    Rule{"truncate-cascade", "empties every table that refers to these, without naming it",
         "name all tables, without CASCADE"},

    // What is regretted later.
    Rule{"enum-value-without-position", "puts the value last, where its order counts too", "say BEFORE or AFTER"},
    Rule{"narrow-key", "ends at 2,147,483,647 rows, and widening a key writes the table anew",
         "bigint generated by default as identity"},
    Rule{"serial-column", "leaves a sequence with rights and an owner of its own", "generated by default as identity"},
    Rule{"char-column", "pads with spaces, which compare in surprising ways", "text"},
    Rule{"varchar-limit", "needs an ACCESS EXCLUSIVE lock to change its limit later",
         "text, with a CHECK on its length where one is needed"},
    Rule{"timestamp-without-zone", "does not say which moment it means", "timestamptz"},

    // Of suppressions themselves.
    Rule{"suppression", "a comment `-- quell: allow` that allows nothing",
         "-- quell: allow RULE the reason why it is fine"},
};

}  // namespace

std::span<const Rule> rules() {
  return kRules;
}

const Rule* find_rule(std::string_view id) {
  const auto found = std::find_if(kRules.begin(), kRules.end(), [&](const Rule& rule) { return rule.id == id; });
  return found == kRules.end() ? nullptr : &*found;
}

}  // namespace quell::lint
