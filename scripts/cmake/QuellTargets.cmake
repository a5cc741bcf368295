# How every target of the project is made: language level, warnings, sanitizers, output folder.
include_guard(GLOBAL)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

function(quell_default_option name text value)
  if(value)
    option(${name} "${text}" ON)
  else()
    option(${name} "${text}" OFF)
  endif()
endfunction()

macro(quell_add_module folder)
  if(EXISTS "${PROJECT_SOURCE_DIR}/${folder}/CMakeLists.txt")
    add_subdirectory(${folder})
  endif()
endmacro()

# Warnings, sanitizers and the include root, on one target of ours.
function(quell_configure_target target)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
    -Wnull-dereference -Wimplicit-fallthrough -Wextra-semi)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 warns falsely in inlined std::string, std::optional and coroutine frame code (gcc PR 105329, 105562, 104475,
    # 109224).
    target_compile_options(${target} PRIVATE
      -Wno-restrict -Wno-maybe-uninitialized -Wno-null-dereference -Wno-stringop-overflow -Wno-array-bounds
      -Wno-mismatched-new-delete)
  endif()
  # Call sites and __FILE__ are relative to the repository; the second form is what ccache makes of a path.
  file(RELATIVE_PATH root_from_build "${CMAKE_BINARY_DIR}" "${PROJECT_SOURCE_DIR}")
  target_compile_options(${target} PRIVATE
    "-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=" "-ffile-prefix-map=${root_from_build}=")
  if(QUELL_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(QUELL_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${QUELL_SANITIZE} -fno-omit-frame-pointer
                                             -fno-sanitize-recover=all)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND QUELL_SANITIZE MATCHES "undefined")
      # clang 14 puts that check's prologue on the parts of a split coroutine too, where it cannot be assembled.
      target_compile_options(${target} PRIVATE -fno-sanitize=function)
    endif()
    target_link_options(${target} PRIVATE -fsanitize=${QUELL_SANITIZE})
  endif()
endfunction()

# quell_add_library(<name> SOURCES ... [PUBLIC libs] [PRIVATE libs])
# A static library quell_<name> with the alias quell::<name>. Public headers, where the module has any, are in its include/.
function(quell_add_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(quell_${name} STATIC ${arg_SOURCES})
  add_library(quell::${name} ALIAS quell_${name})
  set_target_properties(quell_${name} PROPERTIES EXPORT_NAME ${name})
  if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/include")
    target_include_directories(quell_${name} PUBLIC
      $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
  endif()
  target_include_directories(quell_${name} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_link_libraries(quell_${name} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  quell_configure_target(quell_${name})
endfunction()

# quell_add_program(<name> SOURCES ... [LIBS ...]): an executable in <build>/bin.
function(quell_add_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS})
  quell_configure_target(${name})
endfunction()

# Test code itself is compiled without optimisation: it takes half the time to build. What it tests is not.
function(quell_configure_test target)
  target_compile_options(${target} PRIVATE -O0)
endfunction()

# What scripts/test builds under the sanitizers.
add_custom_target(unit-tests)
add_custom_target(tsan-tests)

# quell_add_unit_test(<name> SOURCES ... LIBS ... [LABELS ...] [TIMEOUT s]): GoogleTest, one ctest entry a case.
function(quell_add_unit_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  quell_add_program(${name} SOURCES ${arg_SOURCES} LIBS ${arg_LIBS} GTest::gtest GTest::gmock GTest::gtest_main)
  quell_configure_test(${name})
  # One label, "unit-tsan": gtest_discover_tests takes lists in PROPERTIES apart.
  list(PREPEND arg_LABELS unit)
  list(JOIN arg_LABELS "-" label)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${label}" TIMEOUT ${arg_TIMEOUT})
  add_dependencies(unit-tests ${name})
  if("tsan" IN_LIST arg_LABELS)
    add_dependencies(tsan-tests ${name})
  endif()
endfunction()

# quell_add_suite(<name> SOURCES ... LIBS ... [LABELS ...] [TIMEOUT s]): GoogleTest, one ctest entry for the whole
# program; for suites that share something dear to start, such as a private PostgreSQL.
function(quell_add_suite name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  quell_add_program(${name} SOURCES ${arg_SOURCES} LIBS ${arg_LIBS} GTest::gtest GTest::gmock)
  quell_configure_test(${name})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
  if("unit" IN_LIST arg_LABELS)
    add_dependencies(unit-tests ${name})
  endif()
  if("tsan" IN_LIST arg_LABELS)
    add_dependencies(tsan-tests ${name})
  endif()
endfunction()

# quell_add_bench(<name> SOURCES ... LIBS ...): Google Benchmark; never a test, timing is not a verdict.
function(quell_add_bench name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS" ${ARGN})
  quell_add_program(${name} SOURCES ${arg_SOURCES} LIBS ${arg_LIBS} benchmark::benchmark)
endfunction()

# quell_add_fuzzer(<name> SOURCES ... LIBS ...): a libFuzzer target where QUELL_FUZZ is on; elsewhere the same
# entry point replays its regression corpus tests/fuzz/corpus/<name>/ as a unit test.
function(quell_add_fuzzer name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS" ${ARGN})
  if(QUELL_FUZZ)
    quell_add_program(${name} SOURCES ${arg_SOURCES} LIBS ${arg_LIBS})
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    quell_add_program(${name} SOURCES ${arg_SOURCES} "${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cpp" LIBS ${arg_LIBS})
    add_test(NAME ${name} COMMAND ${name} "${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name}")
    set_tests_properties(${name} PROPERTIES LABELS "fuzz" TIMEOUT 120)
  endif()
endfunction()

# quell_check_headers(<module>): every public header of agent/<module> compiles alone and twice, and pulls in none of the
# headers that would make each of its users slow to compile.
function(quell_check_headers module)
  file(GLOB headers RELATIVE "${PROJECT_SOURCE_DIR}/agent/${module}/include" CONFIGURE_DEPENDS
    "${PROJECT_SOURCE_DIR}/agent/${module}/include/quell/${module}/*.hpp")
  set(sources)
  foreach(header IN LISTS headers)
    string(MAKE_C_IDENTIFIER "${header}" name)
    set(source "${CMAKE_CURRENT_BINARY_DIR}/alone_${name}.cpp")
    file(CONFIGURE OUTPUT "${source}" CONTENT [[
#include <@header@>
#include <@header@>
#if defined(BOOST_ASIO_HPP) || defined(BOOST_BEAST_HPP) || defined(LIBPQ_FE_H) || defined(FMT_CORE_H_) || defined(SPDLOG_VERSION)
#error "<@header@> includes Boost.Asio as a whole, Beast, libpq, fmt or spdlog"
#endif
]] @ONLY)
    list(APPEND sources "${source}")
  endforeach()
  add_library(${module}_headers_alone OBJECT ${sources})
  set_target_properties(${module}_headers_alone PROPERTIES UNITY_BUILD OFF)
  target_link_libraries(${module}_headers_alone PRIVATE quell::${module})
  quell_configure_target(${module}_headers_alone)
endfunction()
