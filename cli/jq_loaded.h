/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * jq_loaded - included before lib/jq/query.c where it is compiled for the command
 * line: libjq is then loaded by the first query, not by every start.
 */
#ifndef CLI_JQ_LOADED_H
#define CLI_JQ_LOADED_H

#include "loaded.h"

#ifdef AGR_HAVE_JQ

/* A function in the header calls these two: they are ours then, not to be linked. */
#define jv_get_kind cli_jv_get_kind
#define jv_free cli_jv_free
#include <jq.h>
#undef jv_get_kind
#undef jv_free
jv_kind jv_get_kind(jv value);
void jv_free(jv value);

#define CLI_JQ_FUNCTIONS(X) \
	X(jq_compile) X(jq_halt) X(jq_init) X(jq_next) X(jq_set_attr) X(jq_set_error_cb) \
	X(jq_set_nomem_handler) X(jq_start) X(jq_teardown) X(jv_array) X(jv_array_append) \
	X(jv_array_get) X(jv_array_length) X(jv_bool) X(jv_copy) X(jv_dump_string) X(jv_free) \
	X(jv_get_kind) X(jv_invalid) X(jv_invalid_get_msg) X(jv_invalid_has_msg) \
	X(jv_nomem_handler) X(jv_null) X(jv_number) X(jv_number_value) X(jv_object) \
	X(jv_object_iter) X(jv_object_iter_key) X(jv_object_iter_next) \
	X(jv_object_iter_valid) X(jv_object_iter_value) X(jv_object_set) X(jv_string) \
	X(jv_string_length_bytes) X(jv_string_sized) X(jv_string_value)

typedef struct cli_jq_table {
	CLI_JQ_FUNCTIONS(CLI_POINTER)
} cli_jq_table;

extern cli_jq_table cli_jq;

int cli_jq_load(agentrun_error **err);
#define AGR_JQ_LOAD(err) cli_jq_load(err)

#ifndef CLI_LOADED_C
#define jq_compile cli_jq.jq_compile
#define jq_halt cli_jq.jq_halt
#define jq_init cli_jq.jq_init
#define jq_next cli_jq.jq_next
#define jq_set_attr cli_jq.jq_set_attr
#define jq_set_error_cb cli_jq.jq_set_error_cb
#define jq_set_nomem_handler cli_jq.jq_set_nomem_handler
#define jq_start cli_jq.jq_start
#define jq_teardown cli_jq.jq_teardown
#define jv_array cli_jq.jv_array
#define jv_array_append cli_jq.jv_array_append
#define jv_array_get cli_jq.jv_array_get
#define jv_array_length cli_jq.jv_array_length
#define jv_bool cli_jq.jv_bool
#define jv_copy cli_jq.jv_copy
#define jv_dump_string cli_jq.jv_dump_string
#define jv_free cli_jq.jv_free
#define jv_get_kind cli_jq.jv_get_kind
#define jv_invalid cli_jq.jv_invalid
#define jv_invalid_get_msg cli_jq.jv_invalid_get_msg
#define jv_invalid_has_msg cli_jq.jv_invalid_has_msg
#define jv_nomem_handler cli_jq.jv_nomem_handler
#define jv_null cli_jq.jv_null
#define jv_number cli_jq.jv_number
#define jv_number_value cli_jq.jv_number_value
#define jv_object cli_jq.jv_object
#define jv_object_iter cli_jq.jv_object_iter
#define jv_object_iter_key cli_jq.jv_object_iter_key
#define jv_object_iter_next cli_jq.jv_object_iter_next
#define jv_object_iter_valid cli_jq.jv_object_iter_valid
#define jv_object_iter_value cli_jq.jv_object_iter_value
#define jv_object_set cli_jq.jv_object_set
#define jv_string cli_jq.jv_string
#define jv_string_length_bytes cli_jq.jv_string_length_bytes
#define jv_string_sized cli_jq.jv_string_sized
#define jv_string_value cli_jq.jv_string_value
#endif

#endif
#endif
