#include <gtest/gtest.h>

#include <QApplication>

#include "gui/view/theme.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  QApplication application(argc, argv);
  quell::gui::apply_theme(application, quell::gui::ThemeChoice::light);
  return RUN_ALL_TESTS();
}
