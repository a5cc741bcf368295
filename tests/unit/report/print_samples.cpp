// Writes the JSON of every sample report, with every combination of options, one file each, for the schema test.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "analyzer/report/report.hpp"
#include "tests/unit/report/sample_report.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: report_print_samples FOLDER\n";
    return 2;
  }
  std::filesystem::create_directories(argv[1]);
  const std::map<std::string, quell::report::Report> samples = {{"quiet", quell::test::quiet_report()},
                                                                {"shop", quell::test::shop_report()},
                                                                {"hostile", quell::test::hostile_report()}};
  for (const auto& [name, report] : samples) {
    for (const bool everything : {false, true}) {
      quell::report::RenderParams params;
      params.show_values = everything;
      params.explain_silence = everything;
      std::ofstream out(std::string(argv[1]) + "/" + name + (everything ? "_everything" : "") + ".json");
      out << quell::report::render_json(report, params);
      if (!out.flush()) return 1;
    }
  }
}
