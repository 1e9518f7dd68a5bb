/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * config - the one table of configuration keys, the YAML reader over it, and
 * the environment. Sole includer of yaml.h.
 *
 * The table (keys.c) says of each key its type, default and meaning; the parser,
 * agentrun_config_get() and the reference in docs come from it. A `*` in a key
 * stands for a name of the user's (auth_profiles.*.header).
 */
#ifndef AGR_CONFIG_H
#define AGR_CONFIG_H

#include <stdbool.h>

#include <agentrun/config.h>

#include "base/base.h"

typedef struct agr_env agr_env;

typedef enum agr_key_type {
	AGR_KEY_TEXT,
	AGR_KEY_INT,    /* whole number, `min` to `max` */
	AGR_KEY_NUMBER, /* 0 to `max` */
	AGR_KEY_BOOL,
	AGR_KEY_CHOICE, /* one of `choices`, separated by '|' */
	AGR_KEY_LIST    /* of text; kept one item a line */
} agr_key_type;

typedef struct agr_config_key {
	const char *name;
	size_t len; /* of the name */
	agr_key_type type;
	const char *fallback; /* the default's text; NULL: not set */
	const char *choices;
	int64_t min;
	const char *meaning;
	int64_t max; /* 0: none */
} agr_config_key;

extern const agr_config_key agr_config_keys[];
extern const size_t agr_config_keys_count;

/* The table's entry for a key, or NULL. */
const agr_config_key *agr_config_key_find(const char *key);
/* Is `key` the one that `known` describes, whose `*` is any one name? */
bool agr_config_key_matches(const agr_config_key *known, const char *key);
/* The keys that are set, one by one; NULL past the end. */
const char *agr_config_key_at(const agentrun_config *config, size_t i);
/* Does any key begin with `key` and a dot? */
bool agr_config_is_section(const char *key);

/* Check and set; the message names the key but no place. */
int agr_config_put(agentrun_config *config, const char *key, const char *value,
	size_t len, agentrun_error **err);
/* It will be asked much and changed no more: keys are found faster. */
void agr_config_seal(agentrun_config *config);
int agr_config_copy(agentrun_config **out, const agentrun_config *config,
	agentrun_error **err);
/* Exchange the values (not the .env). */
void agr_config_swap(agentrun_config *a, agentrun_config *b);

/* env.c: the process environment over a .env file (`path`; NULL or missing: none),
 * and the replacement of ${VAR} and ${VAR:-default}. */
int agr_env_load(agr_env **out, const char *path, agentrun_error **err);
void agr_env_free(agr_env *env);
const char *agr_env_get(const agr_env *env, const char *name);
/* What the last file's .env held; NULL: none was read. Not copied along. */
const agr_env *agr_config_env(const agentrun_config *config);
void agr_config_take_env(agentrun_config *config, agr_env *take_env);
int agr_env_expand(agr_buf *out, const agr_env *env, const char *text, size_t len,
	agentrun_error **err);

#endif
