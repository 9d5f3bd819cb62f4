# ca_bundle.cmake - the authorities that a firmware builds in, for systems that have no store of their own: a C file
# made of a PEM file takes the place of bindings/tls_built_in.c in `binding_sources`. A store of the system, and
# --ca-file, come first.

set(CLEAT_CA_BUNDLE "" CACHE FILEPATH "PEM file with the authorities to trust where a system has no store; empty: none")

if(CLEAT_CA_BUNDLE)
    if(NOT EXISTS "${CLEAT_CA_BUNDLE}" OR IS_DIRECTORY "${CLEAT_CA_BUNDLE}")
        message(FATAL_ERROR "CLEAT_CA_BUNDLE names no file: ${CLEAT_CA_BUNDLE}\n"
            "It takes a PEM file with certificates, such as /etc/ssl/certs/ca-certificates.crt, or nothing.")
    endif()
    set(ca_bundle_source "${CMAKE_BINARY_DIR}/generated/ca_bundle.c")
    add_custom_command(
        OUTPUT "${ca_bundle_source}"
        COMMAND "${CLEAT_NODE}" "${CMAKE_SOURCE_DIR}/tools/ca_bundle.mjs"
            --in "${CLEAT_CA_BUNDLE}" --out "${ca_bundle_source}"
        DEPENDS "${CLEAT_CA_BUNDLE}" "${CMAKE_SOURCE_DIR}/tools/ca_bundle.mjs"
        COMMENT "Building in the authorities of ${CLEAT_CA_BUNDLE}"
        VERBATIM)
    list(REMOVE_ITEM binding_sources "${CMAKE_SOURCE_DIR}/bindings/tls_built_in.c")
    list(APPEND binding_sources "${ca_bundle_source}")
endif()
