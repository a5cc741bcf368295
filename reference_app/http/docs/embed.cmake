# Writes OUTPUT from TEMPLATE and the file PAGE.
file(READ "${PAGE}" QUELL_PAGE)
configure_file("${TEMPLATE}" "${OUTPUT}" @ONLY)
