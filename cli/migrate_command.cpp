#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <quell/db/migrate.hpp>
#include <quell/db/scratch_database.hpp>
#include <quell/db/sync_connection.hpp>

#include "analyzer/lint/lint.hpp"
#include "analyzer/lint/rules.hpp"
#include "cli/command.hpp"
#include "cli/dsn.hpp"
#include "cli/errors.hpp"
#include "cli/migrate/listing.hpp"
#include "cli/output.hpp"

namespace quell::cli {
namespace {

namespace fs = std::filesystem;
using migrate::Format;

struct Arguments {
  std::string folder = "migrations";
  std::string dsn;
  std::string version_table = db::MigrationParams{}.version_table;
  Format format = Format::text;
  double lock_wait = 30;  ///< seconds
  std::string target;
  std::vector<std::string> targets;
  std::string message;
  std::string id;
  std::vector<std::string> parents;
  std::string schema;  ///< file
  std::string scratch_dsn;
  std::string since;
  std::vector<std::string> without;
  bool sql = false;
  bool autogenerate = false;
  bool require_heads = false;
};

void print(const std::string& text) {
  write_output(text, {});
}

/// The schema that a file of SQL makes, built in a database of its own.
db::Schema schema_of_file(const Arguments& arguments) {
  std::ifstream in(arguments.schema, std::ios::binary);
  if (!in) throw Error(fmt::format("cannot read '{}'", arguments.schema));
  const std::string sql{std::istreambuf_iterator<char>(in), {}};
  const db::ScratchDatabase scratch(arguments.dsn);
  db::SyncConnection connection = db::SyncConnection::open(scratch.dsn());
  try {
    connection.execute(sql);
  } catch (const db::ServerError& error) {
    throw Error(fmt::format("'{}' cannot be built: {}", arguments.schema, error.what()));
  }
  return db::read_schema(connection);
}

db::MigrationParams migration_params(const Arguments& arguments) {
  db::MigrationParams params;
  params.version_table = arguments.version_table;
  params.lock_timeout = std::chrono::milliseconds(static_cast<std::int64_t>(arguments.lock_wait * 1000));
  params.progress = [](std::string_view step) { fmt::print(stderr, "{}\n", step); };
  if (!arguments.schema.empty()) params.models = schema_of_file(arguments);
  return params;
}

/// For commands that only read the folder; the others give a DSN.
db::Migrator open_migrator(const Arguments& arguments) {
  return {arguments.dsn, db::load_revisions(arguments.folder), migration_params(arguments)};
}

void init(const Arguments& arguments) {
  std::error_code failure;
  if (fs::exists(arguments.folder, failure)) throw UsageError(fmt::format("'{}' exists already", arguments.folder));
  if (!fs::create_directories(arguments.folder, failure))
    throw Error(fmt::format("cannot make '{}': {}", arguments.folder, failure.message()));
  print(fmt::format("Made {}. Next: quell migrate revision --message 'create users'\n", arguments.folder));
}

void write_draft(const Arguments& arguments, const db::RevisionDraft& draft) {
  const fs::path up = db::write_revision(arguments.folder, draft);
  std::string down = up.string();
  down.replace(down.rfind(".up.sql"), std::string::npos, ".down.sql");
  print(fmt::format("{}\n{}\n", up.string(), down));
}

void revision(const Arguments& arguments) {
  db::Migrator migrator = open_migrator(arguments);
  db::RevisionDraft draft;
  draft.id = arguments.id;
  draft.message = arguments.message;
  for (const std::string& parent : arguments.parents)
    for (const db::Revision& found : migrator.find(parent)) draft.parents.push_back(found.id);
  if (arguments.parents.empty())
    for (const db::Revision& head : migrator.find("head")) draft.parents.push_back(head.id);
  if (arguments.autogenerate) {
    const db::SchemaChanges changes = migrator.autogenerate();
    if (changes.empty()) return print("The database is what the schema says: nothing to write.\n");
    for (const std::string& change : changes.summary) fmt::print(stderr, "{}\n", change);
    draft.up_sql = changes.up_sql;
    draft.down_sql = changes.down_sql;
  }
  write_draft(arguments, draft);
}

void merge(const Arguments& arguments) {
  db::Migrator migrator = open_migrator(arguments);
  db::RevisionDraft draft;
  draft.id = arguments.id;
  draft.message = arguments.message;
  for (const std::string& target : arguments.targets)
    for (const db::Revision& found : migrator.find(target)) draft.parents.push_back(found.id);
  if (arguments.targets.empty()) draft.parents = migrator.heads();
  if (draft.parents.size() < 2)
    throw UsageError(fmt::format("a merge needs two revisions or more, this names {}", draft.parents.size()));
  draft.up_sql = "-- Joins the branches, changes nothing.\n";
  draft.down_sql = "-- Changes nothing.\n";
  write_draft(arguments, draft);
}

void upgrade(const Arguments& arguments) {
  db::Migrator migrator = open_migrator(arguments);
  const std::string target = arguments.target.empty() ? "head" : arguments.target;
  print(arguments.sql ? migrator.upgrade_sql(target) : migrate::render_ids(migrator.upgrade(target)));
}

void downgrade(const Arguments& arguments) {
  db::Migrator migrator = open_migrator(arguments);
  print(arguments.sql ? migrator.downgrade_sql(arguments.target)
                      : migrate::render_ids(migrator.downgrade(arguments.target)));
}

void stamp(const Arguments& arguments) {
  print(migrate::render_ids(open_migrator(arguments).stamp(arguments.targets)));
}

void current(const Arguments& arguments) {
  db::Migrator migrator = open_migrator(arguments);
  const auto newest = migrator.current();
  std::vector<db::Revision> shown;
  for (const std::string& id : newest) shown.push_back(migrator.find(id).front());
  print(migrate::render_history(shown, migrator, migrator.applied(), arguments.format));
  if (arguments.require_heads && newest != migrator.heads()) throw ExitWith(1);
}

void history(const Arguments& arguments) {
  db::Migrator migrator = open_migrator(arguments);
  const auto applied = arguments.dsn.empty() ? std::vector<db::AppliedRevision>{} : migrator.applied();
  print(migrate::render_history(migrator.history(arguments.target.empty() ? ":" : arguments.target), migrator, applied,
                                arguments.format));
}

void heads(const Arguments& arguments) {
  const db::Migrator migrator = open_migrator(arguments);
  print(migrate::render_history(migrator.find("heads"), migrator, {}, arguments.format));
}

void branches(const Arguments& arguments) {
  print(migrate::render_branches(open_migrator(arguments), arguments.format));
}

void show(const Arguments& arguments) {
  const db::Migrator migrator = open_migrator(arguments);
  print(migrate::render_details(migrator.find(arguments.target), migrator, arguments.format));
}

void check(const Arguments& arguments) {
  const auto problems = open_migrator(arguments).check();
  print(migrate::render_problems(problems, arguments.format));
  if (!problems.empty()) throw ExitWith(1);
}

void verify(const Arguments& arguments) {
  const auto revisions = db::load_revisions(arguments.folder);
  db::VerifyParams params;
  params.migration = migration_params(arguments);
  params.scratch_dsn = arguments.scratch_dsn;
  const auto faults = db::verify_migrations(arguments.dsn, revisions, params);
  print(migrate::render_faults(faults, revisions.size(), arguments.format));
  if (!faults.empty()) throw ExitWith(1);
}

/// Findings are exit code 1, so that everything else that is wrong must be 2.
void lint_folder(const Arguments& arguments) {
  lint::LintParams params;
  params.without_rules = {arguments.without.begin(), arguments.without.end()};
  std::vector<db::Revision> revisions;
  std::size_t looked_at = 0;
  try {
    const db::Migrator migrator = open_migrator(arguments);
    revisions = migrator.history();
    looked_at = revisions.size();
    if (!arguments.since.empty()) {
      const auto known = migrator.find(arguments.since);
      for (const db::Revision& one : migrator.history(arguments.since + ":"))
        if (std::none_of(known.begin(), known.end(), [&](const auto& old) { return old.id == one.id; }))
          params.only_revisions.insert(one.id);
      looked_at = params.only_revisions.size();
      if (looked_at == 0) revisions.clear();
    }
  } catch (const db::MigrationError& error) {
    throw UsageError(error.what());
  }
  const auto findings = lint::lint(revisions, params);
  print(migrate::render_findings(findings, arguments.folder, looked_at, arguments.format));
  if (!findings.empty()) throw ExitWith(1);
}

// The command line.

enum class Needs { folder, database };

/// One command below `migrate`, with what all of them take.
class Command {
 public:
  Command(CLI::App& parent, const std::string& name, const std::string& about)
      : app_(*parent.add_subcommand(name, about)), arguments_(std::make_shared<Arguments>()) {
    app_.add_option("--dir", arguments_->folder, "The folder of revisions; default migrations")->option_text("FOLDER");
  }

  Arguments& arguments() { return *arguments_; }
  CLI::App* operator->() { return &app_; }

  Command& dsn(const std::string& about) {
    app_.add_option("--dsn", arguments_->dsn, about)->option_text("DSN");
    app_.add_option("--version-table", arguments_->version_table,
                    "Where the database keeps what is applied; default quell_migrations")
        ->option_text("TABLE");
    return *this;
  }
  Command& lock_wait() {
    app_.add_option("--lock-wait", arguments_->lock_wait, "How long to wait for another migration; default 30")
        ->check(CLI::Range(0.0, 86400.0))
        ->option_text("SECONDS");
    return *this;
  }
  Command& format() {
    app_.add_option("--format", arguments_->format, "text (default) or json")
        ->transform(
            CLI::CheckedTransformer(std::map<std::string, Format>{{"text", Format::text}, {"json", Format::json}}))
        ->option_text("FORMAT");
    return *this;
  }
  Command& target(const std::string& about, bool required) {
    CLI::Option* option = app_.add_option("TARGET", arguments_->target, about);
    if (required) option->required()->option_text("(required)");
    return *this;
  }
  Command& message() {
    app_.add_option("-m,--message", arguments_->message, "What it does; names the files")
        ->required()
        ->option_text("TEXT");
    app_.add_option("--id", arguments_->id, "Its id; default: the next number")->option_text("ID");
    return *this;
  }

  /// `needs`: whether `run` works without a DSN.
  void runs(void (*run)(const Arguments&), Needs needs, const std::string& examples) {
    app_.footer("Examples:\n" + examples);
    app_.callback([arguments = arguments_, run, needs] {
      const bool offline = needs == Needs::folder || arguments->sql || !arguments->scratch_dsn.empty();
      if (!offline || !arguments->dsn.empty()) check_dsn(arguments->dsn);
      if (!arguments->scratch_dsn.empty()) check_dsn(arguments->scratch_dsn);
      with_hidden_password(arguments->dsn, [&] { run(*arguments); });
    });
  }

 private:
  CLI::App& app_;
  std::shared_ptr<Arguments> arguments_;
};

constexpr const char* kTargets = "a revision's id, a beginning of it, head, heads";

void add_writing_commands(CLI::App& app) {
  Command(app, "init", "Make the folder")
      .runs(init, Needs::folder, "  quell migrate init\n  quell migrate init --dir db/migrations");

  Command revision_command(app, "revision", "Write a new pair of files");
  revision_command.message().dsn("The database to compare with, for --autogenerate");
  revision_command->add_option("--parent", revision_command.arguments().parents, "What it follows; default: the head")
      ->option_text("ID ...");
  CLI::Option* schema =
      revision_command->add_option("--schema", revision_command.arguments().schema, "SQL that makes the schema wanted")
          ->option_text("FILE");
  revision_command
      ->add_flag("--autogenerate", revision_command.arguments().autogenerate,
                 "Write what leads from the database to the schema of --schema, and back")
      ->needs(schema);
  schema->needs("--dsn");
  revision_command.runs(
      revision, Needs::folder,
      "  quell migrate revision -m 'create users'\n"
      "  quell migrate revision -m 'follow schema' --autogenerate --schema schema.sql --dsn dbname=shop\n"
      "A C++ program compares its own models: docs/migrations.md.");

  Command merge_command(app, "merge", "Write a revision that joins branches");
  merge_command.message();
  merge_command->add_option("TARGET", merge_command.arguments().targets, "What to join; default: all heads")
      ->option_text("...");
  merge_command.runs(merge, Needs::folder, "  quell migrate merge -m 'join search and billing'");
}

void add_changing_commands(CLI::App& app) {
  Command upgrade_command(app, "upgrade", "Apply revisions");
  upgrade_command.target(fmt::format("{}, +n; with --sql also from:to; default head", kTargets), false)
      .dsn("The database to change")
      .lock_wait();
  upgrade_command->add_flag("--sql", upgrade_command.arguments().sql, "Write SQL for psql instead of connecting");
  upgrade_command.runs(upgrade, Needs::database,
                       "  quell migrate upgrade --dsn dbname=shop\n  quell migrate upgrade +1 --dsn dbname=shop\n"
                       "  quell migrate upgrade 0003:head --sql > upgrade.sql");

  Command downgrade_command(app, "downgrade", "Take revisions back");
  downgrade_command.target("base, -n, or the revision to go back to; with --sql from:to", true)
      .dsn("The database to change")
      .lock_wait();
  downgrade_command->add_flag("--sql", downgrade_command.arguments().sql, "Write SQL for psql instead of connecting");
  downgrade_command.runs(downgrade, Needs::database,
                         "  quell migrate downgrade -1 --dsn dbname=shop\n"
                         "  quell migrate downgrade head:0002 --sql > downgrade.sql");

  Command stamp_command(app, "stamp", "Record what is applied without running anything");
  stamp_command.dsn("The database to change").lock_wait();
  stamp_command
      ->add_option("TARGET", stamp_command.arguments().targets,
                   "Exactly these and what they follow are applied; base: none")
      ->required()
      ->option_text("... (required)");
  stamp_command.runs(stamp, Needs::database,
                     "  quell migrate stamp head --dsn dbname=shop\n  quell migrate stamp 0003 0004 --dsn dbname=shop");
}

void add_listing_commands(CLI::App& app) {
  Command current_command(app, "current", "The newest applied revision of each branch");
  current_command.dsn("The database to look at").format();
  current_command->add_flag("--check-heads", current_command.arguments().require_heads,
                            "Exit code 1 unless everything is applied");
  current_command.runs(current, Needs::database, "  quell migrate current --dsn dbname=shop");

  Command(app, "history", "All revisions, newest first")
      .target("from:to, from: or :to", false)
      .dsn("Say what this database has")
      .format()
      .runs(history, Needs::folder, "  quell migrate history\n  quell migrate history 0002:head --dsn dbname=shop");
  Command(app, "heads", "Revisions that nothing follows").format().runs(heads, Needs::folder, "  quell migrate heads");
  Command(app, "branches", "Revisions that several follow")
      .format()
      .runs(branches, Needs::folder, "  quell migrate branches");
  Command(app, "show", "Everything about one revision")
      .target(fmt::format("{}, head-1", kTargets), true)
      .format()
      .runs(show, Needs::folder, "  quell migrate show head\n  quell migrate show 0002 --format json");
}

void add_checking_commands(CLI::App& app) {
  Command check_command(app, "check", "Whether the database is what the revisions say; exit code 1 if not");
  check_command.dsn("The database to check").format();
  check_command->add_option("--schema", check_command.arguments().schema, "SQL that makes the schema wanted")
      ->option_text("FILE");
  check_command.runs(check, Needs::database,
                     "  quell migrate check --dsn dbname=shop\n"
                     "  quell migrate check --dsn dbname=shop --schema schema.sql");

  Command lint_command(app, "lint", "Find what locks out others or breaks programs; exit code 1 if any");
  lint_command.format();
  lint_command->add_option("--since", lint_command.arguments().since, "Only what follows this revision")
      ->option_text("ID");
  lint_command
      ->add_option("--without", lint_command.arguments().without, "Leave out a rule; may be given several times")
      ->check([](const std::string& rule) {
        return lint::find_rule(rule) != nullptr ? std::string() : fmt::format("there is no rule '{}'", rule);
      })
      ->option_text("RULE ...");
  lint_command.runs(lint_folder, Needs::folder,
                    "  quell migrate lint\n  quell migrate lint --since 0007 --without varchar-limit\n"
                    "docs/migration-lint.md lists the rules.");

  Command verify_command(app, "verify", "Run each revision up, down and up again on a scratch database");
  verify_command.dsn("A database of the server on which to make the scratch database").format();
  verify_command
      ->add_option("--scratch-dsn", verify_command.arguments().scratch_dsn, "An empty database to use instead")
      ->option_text("DSN");
  verify_command.runs(verify, Needs::database, "  quell migrate verify --dsn dbname=postgres");
}

}  // namespace

void add_migrate_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("migrate", "Change a database's schema step by step, and back");
  command.require_subcommand(1);
  add_writing_commands(command);
  add_changing_commands(command);
  add_listing_commands(command);
  add_checking_commands(command);
  command.footer("More: quell migrate COMMAND --help");
}

}  // namespace quell::cli
