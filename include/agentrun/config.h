/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Configuration: built-in defaults, then a YAML file, then the environment,
 * then what the program sets. A key is a dotted path such as
 * "redis.timeout" or "auth_profiles.shop.header".
 *
 * `${VAR}` and `${VAR:-default}` in the file are replaced from the environment
 * after a `.env` beside the file was read (the environment wins over it). An
 * unknown key, a value of the wrong type or an unset variable is an error that
 * names file, line and column.
 *
 * Every key is known to the library, which checks it, but not every one is read
 * by it. Through a context it reads `classifier`, `llm`, `agents`, `rate_limit`,
 * `budget`, `http`, `auth_profiles`, `limits`, `workflow`, of `service` the size of an
 * engine (workers, concurrency), and of `storage`, for an engine that is given no
 * store, backend and max_inline_bytes. To open a store or a queue is the
 * program's: the command line reads `log` and of `storage` backend, path and
 * max_inline_bytes, and libagentrun-redis reads `redis` and of `queue` max_deliveries
 * and lease_sec. Nothing reads the rest of `storage` yet.
 *
 * A configuration is one thread's until it is given to a context, which copies
 * it.
 */
#ifndef AGENTRUN_CONFIG_H
#define AGENTRUN_CONFIG_H

#include <agentrun/error.h>

AGENTRUN_BEGIN_DECLS

typedef struct agentrun_config agentrun_config;

/**
 * The built-in defaults.
 *
 * @return 0, AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_config_new(agentrun_config **out,
	agentrun_error **err);
AGENTRUN_API void agentrun_config_free(agentrun_config *config); /**< NULL ok */

/**
 * Read a YAML file over what is there.
 *
 * @return 0, AGENTRUN_ENOTFOUND, AGENTRUN_EIO, AGENTRUN_ECONFIG,
 *         AGENTRUN_ENOMEM; on failure the configuration is as it was
 */
AGENTRUN_API int agentrun_config_load_file(agentrun_config *config,
	const char *path, agentrun_error **err);

/** The same from memory; `name` stands for the file in messages. */
AGENTRUN_API int agentrun_config_load_text(agentrun_config *config,
	const char *name, const char *text, size_t len, agentrun_error **err);

/**
 * Read the environment variables that stand above the file: OPENAI_, ANTHROPIC_ and
 * GEMINI_ with API_KEY, BASE_URL and MODEL (`llm.providers.openai.api_key` and so
 * on), REDIS_URL, REDIS_HOST, REDIS_PORT, ORCHESTRATOR_URL, PORT. Those that the
 * file's .env set count too. A REDIS_HOST stands above the file's redis.url, too.
 *
 * @return 0, AGENTRUN_ECONFIG, AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_config_load_env(agentrun_config *config,
	agentrun_error **err);

/**
 * Set one key from its text, as it would stand in the file.
 *
 * @return 0, AGENTRUN_ECONFIG, AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_config_set(agentrun_config *config, const char *key,
	const char *value, agentrun_error **err);

/** A value as text, lent until the key changes; NULL when it is not set. */
AGENTRUN_API const char *agentrun_config_get(const agentrun_config *config,
	const char *key);
/** A number; `fallback` when the key is not set or is no number. */
AGENTRUN_API int64_t agentrun_config_get_int(const agentrun_config *config,
	const char *key, int64_t fallback);
/** A switch; `fallback` when the key is not set or is no switch. */
AGENTRUN_API int agentrun_config_get_bool(const agentrun_config *config,
	const char *key, int fallback);

AGENTRUN_END_DECLS
#endif
