# layout.cmake - where functions and tables lie in `cleat`: what a start touches side by side (start_up.ld), which takes
# 0.75 MB off the memory of hello world. A linker that does not understand the script links without.

if(NOT CLEAT_SANITIZE)
    include(CheckLinkerFlag)
    set(start_up_script "${CMAKE_SOURCE_DIR}/cmake/start_up.ld")
    check_linker_flag(C "-Wl,-T,${start_up_script}" CLEAT_LINKER_KNOWS_INSERT)
    if(CLEAT_LINKER_KNOWS_INSERT)
        target_link_options(cleat PRIVATE "-Wl,-T,${start_up_script}")
        set_property(TARGET cleat APPEND PROPERTY LINK_DEPENDS "${start_up_script}")
    endif()
endif()
