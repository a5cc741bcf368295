# Writes OUTPUT from TEMPLATE and the NNNN_name.{up,down}.sql files in FOLDER.
file(GLOB up_files RELATIVE "${FOLDER}" "${FOLDER}/*.up.sql")
list(SORT up_files)
set(QUELL_REVISIONS "")
set(previous "")
foreach(up_file IN LISTS up_files)
  if(NOT up_file MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)\\.up\\.sql$")
    message(FATAL_ERROR "${up_file}: a migration is named NNNN_name.up.sql")
  endif()
  set(id "${CMAKE_MATCH_1}")
  set(name "${CMAKE_MATCH_2}")
  file(READ "${FOLDER}/${up_file}" up_sql)
  file(READ "${FOLDER}/${id}_${name}.down.sql" down_sql)
  string(APPEND QUELL_REVISIONS
    "  {\n    db::Revision revision;\n    revision.id = \"${id}\";\n    revision.name = \"${name}\";\n${previous}"
    "    revision.up_sql = R\"quell(${up_sql})quell\";\n    revision.down_sql = R\"quell(${down_sql})quell\";\n"
    "    revisions.push_back(std::move(revision));\n  }\n")
  set(previous "    revision.parents = {\"${id}\"};\n")
endforeach()
configure_file("${TEMPLATE}" "${OUTPUT}" @ONLY)
