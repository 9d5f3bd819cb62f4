# profile.cmake - profile-guided optimisation (GCC). CLEAT_PROFILE says which:
#     (empty)    none
#     train      builds an instrumented Cleat in build/profile, runs the training apps of tools/profile with it, and
#                compiles with what they recorded; all of it part of the build
#     generate   the instrumented build itself
#     <folder>   compiles with a profile that is there already (build/profile/data), e.g. for another C library
# Functions that the training never reached are compiled for size. A function that was changed since the training is
# compiled as if there were no profile: the training is repeated when the training apps, the engine or the compiler
# change, or when build/profile is deleted, but not with each change of ours.

set(CLEAT_PROFILE "" CACHE STRING "Profile-guided optimisation: empty, train, generate, or a folder with a profile")
set(profile_stamp "")
set(profile_flags "")
if(CLEAT_PROFILE AND NOT (CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_C_COMPILER_VERSION VERSION_GREATER_EQUAL 12))
    message(WARNING "CLEAT_PROFILE needs GCC 12 or newer: building without a profile, some 10 % slower")
elseif(CLEAT_PROFILE STREQUAL "generate")
    set(profile_flags -fprofile-generate -fprofile-update=single)
    add_link_options(-fprofile-generate)
elseif(CLEAT_PROFILE)
    set(profile_data "${CLEAT_PROFILE}")
    if(CLEAT_PROFILE STREQUAL "train")
        set(profile_build "${CMAKE_SOURCE_DIR}/build/profile")
        set(profile_data "${profile_build}/data")
        set(profile_stamp "${profile_build}/trained")
        file(GLOB training CONFIGURE_DEPENDS tools/profile/*)
        add_custom_command(
            OUTPUT "${profile_stamp}"
            COMMAND "${CLEAT_NODE}" "${CMAKE_SOURCE_DIR}/tools/profile/train.mjs"
                --build "${profile_build}" --data "${profile_data}" --stamp "${profile_stamp}" --
                -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER} -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE}
                -DCMAKE_C_FLAGS=${CMAKE_C_FLAGS} -DCLEAT_ENGINE_OPT=${CLEAT_ENGINE_OPT}
                -DCLEAT_QUICKJS_DIR=${CLEAT_QUICKJS_DIR} -DCLEAT_LIBUV_DIR=${CLEAT_LIBUV_DIR}
                -DCLEAT_MBEDTLS_DIR=${CLEAT_MBEDTLS_DIR}
            DEPENDS ${training} "${CMAKE_SOURCE_DIR}/cmake/third-party.json" "${CMAKE_SOURCE_DIR}/cmake/profile.cmake"
            COMMENT "Recording a profile: an instrumented build, then the training apps"
            VERBATIM)
    endif()
    set(profile_flags -fprofile-use=${profile_data} -fprofile-prefix-path=${CMAKE_BINARY_DIR} -fprofile-correction
        -Wno-missing-profile -Wno-coverage-mismatch)
endif()

# Compiles the targets with the profile, or instrumented.
function(cleat_use_profile)
    if(NOT profile_flags)
        return()
    endif()
    foreach(target IN LISTS ARGN)
        target_compile_options(${target} PRIVATE ${profile_flags})
        if(profile_stamp)
            get_target_property(sources ${target} SOURCES)
            set_property(SOURCE ${sources} APPEND PROPERTY OBJECT_DEPENDS "${profile_stamp}")
        endif()
    endforeach()
endfunction()
