/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

#define MAX_DOTENV_BYTES ((size_t)1024 * 1024)

struct agr_env {
	char *text;   /* the .env file, cut into NUL-terminated names and values */
	char **pairs; /* name, value, name, value, ... into text */
	size_t n;
};

static int read_dotenv(agr_buf *out, const char *path, agentrun_error **err)
{
	agentrun_error *why = NULL;
	int r = agr_file_read(out, path, &why);

	if (r == AGENTRUN_ENOTFOUND) {
		r = 0; /* there need not be one */
	} else if (r < 0 && err && !*err) {
		*err = why;
		return r;
	}
	agentrun_error_free(why);
	return r;
}

static char *trim(char *text)
{
	size_t n = strlen(text);

	while (n && agr_is_space(text[n - 1]))
		text[--n] = '\0';
	while (agr_is_space(*text))
		text++;
	return text;
}

static void unquote(char *value)
{
	size_t n = strlen(value);
	char *comment;

	if (n >= 2 && (*value == '"' || *value == '\'') && value[n - 1] == *value) {
		memmove(value, value + 1, n - 2);
		value[n - 2] = '\0';
		return;
	}
	comment = strstr(value, " #");
	if (comment)
		*comment = '\0';
	trim(value);
}

static bool is_name(const char *text, size_t len)
{
	if (!len || agr_is_digit(*text))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!agr_is_alpha(text[i]) && !agr_is_digit(text[i]) && text[i] != '_')
			return false;
	return true;
}

static int add_pair(agr_env *env, char *name, char *value, agentrun_error **err)
{
	char **grown = realloc(env->pairs, (env->n + 1) * 2 * sizeof(*grown));

	if (!grown)
		return agr_error_oom(err);
	env->pairs = grown;
	grown[env->n * 2] = name;
	grown[env->n * 2 + 1] = value;
	env->n++;
	return 0;
}

static int parse_line(agr_env *env, char *line, const char *path, size_t number,
	agentrun_error **err)
{
	char *name = trim(line), *value;
	int r;

	if (!*name || *name == '#')
		return 0;
	if (agr_starts_with(name, "export "))
		name = trim(name + 7);
	value = strchr(name, '=');
	if (value)
		*value++ = '\0';
	name = trim(name);
	if (!value || !is_name(name, strlen(name))) {
		r = agentrun_error_raise(err, AGENTRUN_ECONFIG,
			"expected NAME=value");
		agr_error_at_line(err, path, number, 1);
		return r;
	}
	value = trim(value);
	unquote(value);
	return add_pair(env, name, value, err);
}

static int refuse_nul(const char *path, const agr_buf *text, agentrun_error **err)
{
	const char *nul = text->data ? memchr(text->data, '\0', text->len) : NULL;

	if (!nul)
		return 0;
	agentrun_error_raise(err, AGENTRUN_ECONFIG, "a NUL byte");
	agr_error_at(err, path, text->data, text->len, (size_t)(nul - text->data));
	return AGENTRUN_ECONFIG;
}

static int parse_dotenv(agr_env *env, const char *path, agentrun_error **err)
{
	char *line = env->text;
	size_t number = 1;
	int r = 0;

	for (; line && r == 0; number++) {
		char *next = strchr(line, '\n');

		if (next)
			*next++ = '\0';
		r = parse_line(env, line, path, number, err);
		line = next;
	}
	return r;
}

int agr_env_load(agr_env **out, const char *path, agentrun_error **err)
{
	agr_buf text = AGR_BUF_MAX(MAX_DOTENV_BYTES);
	agr_env *env = calloc(1, sizeof(*env));
	int r = env ? 0 : agr_error_oom(err);

	*out = NULL;
	if (r == 0 && path)
		r = read_dotenv(&text, path, err);
	if (r == 0)
		r = refuse_nul(path, &text, err);
	if (r == 0 && text.data) {
		env->text = text.data;
		text.data = NULL;
		r = parse_dotenv(env, path, err);
	}
	agr_buf_free(&text);
	if (r < 0)
		agr_env_free(env);
	else
		*out = env;
	return r;
}

void agr_env_free(agr_env *env)
{
	if (!env)
		return;
	free(env->text);
	free(env->pairs);
	free(env);
}

const char *agr_env_get(const agr_env *env, const char *name)
{
	const char *value = getenv(name);

	for (size_t i = env ? env->n : 0; !value && i > 0; i--)
		if (strcmp(env->pairs[i * 2 - 2], name) == 0)
			value = env->pairs[i * 2 - 1];
	return value;
}

/* `text` is what stands between ${ and }. */
static int expand_one(agr_buf *out, const agr_env *env, const char *text,
	size_t len, agentrun_error **err)
{
	const char *fallback = NULL, *value;
	size_t name_len = len;
	char *name;

	for (size_t i = 0; i + 1 < len && !fallback; i++) {
		if (text[i] == ':' && text[i + 1] == '-') {
			fallback = text + i + 2;
			name_len = i;
		}
	}
	if (!is_name(text, name_len))
		return agentrun_error_raise(err, AGENTRUN_ECONFIG,
			"\"${%.*s}\" is no variable: write ${NAME} or ${NAME:-default}",
			(int)(len < 100 ? len : 100), text);
	name = agr_strndup(text, name_len);
	if (!name)
		return agr_error_oom(err);
	value = agr_env_get(env, name);
	if (fallback && (!value || !*value))
		agr_buf_add(out, fallback, (size_t)(text + len - fallback));
	else if (value)
		agr_buf_str(out, value);
	else
		agentrun_error_raise(err, AGENTRUN_ECONFIG,
			"the variable %s is not set: set it, or write ${%s:-default}",
			name, name);
	free(name);
	return value || fallback ? 0 : AGENTRUN_ECONFIG;
}

int agr_env_expand(agr_buf *out, const agr_env *env, const char *text, size_t len,
	agentrun_error **err)
{
	size_t i = 0;

	while (i < len) {
		const char *close;
		int r;

		if (text[i] != '$' || i + 1 >= len || text[i + 1] != '{') {
			agr_buf_char(out, text[i++]);
			continue;
		}
		close = memchr(text + i, '}', len - i);
		if (!close)
			return agentrun_error_raise(err, AGENTRUN_ECONFIG,
				"\"${\" is not closed by \"}\"");
		i += 2;
		r = expand_one(out, env, text + i, (size_t)(close - text) - i, err);
		if (r < 0)
			return r;
		i = (size_t)(close - text) + 1;
	}
	agr_buf_add(out, "", 0);
	return agr_buf_check(out, "value", err);
}

int agentrun_config_load_env(agentrun_config *config, agentrun_error **err)
{
	static const char *const names[][2] = {
		{ "REDIS_URL", "redis.url" },
		{ "REDIS_HOST", "redis.host" },
		{ "REDIS_PORT", "redis.port" },
		{ "OPENAI_API_KEY", "llm.providers.openai.api_key" },
		{ "OPENAI_BASE_URL", "llm.providers.openai.base_url" },
		{ "OPENAI_MODEL", "llm.providers.openai.model" },
		{ "ANTHROPIC_API_KEY", "llm.providers.anthropic.api_key" },
		{ "ANTHROPIC_BASE_URL", "llm.providers.anthropic.base_url" },
		{ "ANTHROPIC_MODEL", "llm.providers.anthropic.model" },
		{ "GEMINI_API_KEY", "llm.providers.gemini.api_key" },
		{ "GEMINI_BASE_URL", "llm.providers.gemini.base_url" },
		{ "GEMINI_MODEL", "llm.providers.gemini.model" },
		{ "ORCHESTRATOR_URL", "orchestrator.api_url" },
		{ "PORT", "service.port" },
	};

	const char *host = agr_env_get(agr_config_env(config), "REDIS_HOST");

	/* A host of the environment stands above an address of the file. */
	if (host && *host && agentrun_config_set(config, "redis.url", "", err) < 0)
		return AGENTRUN_ENOMEM;
	for (size_t i = 0; i < AGR_COUNT(names); i++) {
		const char *value = agr_env_get(agr_config_env(config), names[i][0]);
		int r = value && *value ? agentrun_config_set(config, names[i][1], value, err)
					: 0;

		if (r < 0) {
			agr_error_prefix(err, "environment variable %s", names[i][0]);
			return r;
		}
	}
	return 0;
}
