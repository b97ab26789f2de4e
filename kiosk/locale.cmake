# The catalogues: to <build>/locale, where the program in the build folder looks, and to share/locale when installed.
find_program(MSGFMT msgfmt REQUIRED)

set(catalogues)
foreach(language ru kk)
  set(po ${CMAKE_SOURCE_DIR}/assets/po/${language}.po)
  set(folder ${CMAKE_BINARY_DIR}/locale/${language}/LC_MESSAGES)
  set(mo ${folder}/sanaq-kiosk.mo)
  add_custom_command(
    OUTPUT ${mo}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND ${MSGFMT} --check -o ${mo} ${po}
    DEPENDS ${po}
    VERBATIM)
  list(APPEND catalogues ${mo})
  install(FILES ${mo} DESTINATION share/locale/${language}/LC_MESSAGES)
endforeach()

add_custom_target(catalogues ALL DEPENDS ${catalogues})
add_dependencies(sanaq-kiosk catalogues)
