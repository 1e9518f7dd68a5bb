/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <string.h>

#include "config/config.h"

#define TEXT(name, fallback, meaning) { name, sizeof(name) - 1, AGR_KEY_TEXT, fallback, NULL, 0, meaning, 0 }
#define INT(name, min, fallback, meaning) \
	{ name, sizeof(name) - 1, AGR_KEY_INT, fallback, NULL, min, meaning, 0 }
#define NUMBER(name, fallback, meaning) { name, sizeof(name) - 1, AGR_KEY_NUMBER, fallback, NULL, 0, meaning, 0 }
#define PORT(name, min, fallback, meaning) \
	{ name, sizeof(name) - 1, AGR_KEY_INT, fallback, NULL, min, meaning, 65535 }
#define SHARE(name, fallback, meaning) { name, sizeof(name) - 1, AGR_KEY_NUMBER, fallback, NULL, 0, meaning, 1 }
#define BOOL(name, fallback, meaning) { name, sizeof(name) - 1, AGR_KEY_BOOL, fallback, NULL, 0, meaning, 0 }
#define CHOICE(name, choices, fallback, meaning) \
	{ name, sizeof(name) - 1, AGR_KEY_CHOICE, fallback, choices, 0, meaning, 0 }
#define LIST(name, meaning) { name, sizeof(name) - 1, AGR_KEY_LIST, NULL, NULL, 0, meaning, 0 }

const agr_config_key agr_config_keys[] = {
	TEXT("service.name", "agent-runner", "what the service calls itself"),
	TEXT("service.host", "127.0.0.1", "address of the HTTP endpoints"),
	PORT("service.port", 0, "8082", "port of the HTTP endpoints"),
	INT("service.workers", 0, "0", "threads that compute; 0: one a core"),
	INT("service.concurrency", 1, "256", "jobs in flight"),
	INT("service.drain_timeout_sec", 0, "30", "how long SIGTERM waits for running jobs"),
	TEXT("service.auth_token", NULL, "bearer token of the HTTP endpoints"),

	TEXT("redis.url", NULL, "redis://… instead of host, port and db"),
	TEXT("redis.host", "localhost", "Redis server"),
	PORT("redis.port", 1, "6379", "its port"),
	INT("redis.db", 0, "0", "its database"),
	TEXT("redis.username", NULL, "ACL user"),
	TEXT("redis.password", NULL, "password"),
	BOOL("redis.tls", "false", "speak TLS"),
	CHOICE("redis.mode", "list|stream|both", "list", "how jobs arrive"),
	TEXT("redis.stream", "wf.tasks.agent", "stream of tasks"),
	TEXT("redis.consumer_group", "agent_workers", "its consumer group"),
	TEXT("redis.job_queue", "agent:jobs", "list of jobs"),
	TEXT("redis.result_queue_prefix", "agent:results", "results go to PREFIX:JOB_ID"),
	TEXT("redis.completion_queue", "completion_signals", "stream: completions go there"),
	NUMBER("redis.timeout", "5", "seconds to connect and to answer"),

	CHOICE("queue.backend", "memory|redis", "memory", "where jobs wait"),
	INT("queue.max_deliveries", 1, "5", "then a job goes to the dead letters"),
	NUMBER("queue.lease_sec", "30", "a job of a silent worker returns after this"),
	INT("queue.max_retries", 0, "3", "tries of a job after the first"),
	INT("queue.backoff.base_ms", 1, "1000", "wait before the first retry"),
	INT("queue.backoff.max_ms", 1, "300000", "longest wait before a retry"),

	TEXT("llm.provider", "auto", "auto, builtin, openai, anthropic, …"),
	TEXT("llm.model", NULL, "model; default: the provider's"),
	TEXT("llm.base_url", NULL, "address of the provider's API"),
	TEXT("llm.api_key", NULL, "key of the provider's API"),
	CHOICE("llm.api", "chat|responses", "chat", "which OpenAI API to speak"),
	LIST("llm.headers", "further headers of its requests, as Name: value"),
	CHOICE("llm.providers.*.kind", "openai|responses|anthropic|gemini", NULL,
		"which API a provider of another name speaks"),
	TEXT("llm.providers.*.model", NULL, "a provider's own model"),
	TEXT("llm.providers.*.base_url", NULL, "its address"),
	TEXT("llm.providers.*.api_key", NULL, "its key"),
	CHOICE("llm.providers.*.api", "chat|responses", NULL, "which OpenAI API it speaks"),
	LIST("llm.providers.*.headers", "further headers, as Name: value"),
	TEXT("llm.providers.*.body", NULL, "JSON object: members added to its requests"),
	BOOL("llm.providers.*.return_reasoning", "false",
		"it wants its reasoning_content back (DeepSeek)"),
	LIST("llm.fallback", "providers asked when one fails: NAME, or NAME/MODEL"),
	NUMBER("llm.temperature", "0.1", "sampling temperature"),
	INT("llm.max_tokens", 1, "4000", "longest answer"),
	NUMBER("llm.timeout_sec", "30", "one request"),
	INT("llm.max_retries", 0, "3", "tries after the first"),
	NUMBER("llm.max_wait_sec", "60", "longest wait between tries; longer fails at once"),
	BOOL("llm.stream", "false", "ask for answers as streams"),
	INT("llm.breaker_failures", 0, "10",
		"failures in a row after which a provider is left alone; 0: never"),
	NUMBER("llm.breaker_sec", "30", "for that long"),
	INT("llm.max_turns", 1, "8", "model turns a job"),
	INT("llm.max_repairs", 0, "2", "chances to mend a broken tool call"),
	BOOL("llm.single_turn", "false", "end a job after one call that succeeded"),

	TEXT("agents.*.instructions", NULL, "what an agent is told that work is delegated to"),
	TEXT("agents.*.description", NULL, "for who may delegate to it: what it is good at"),
	TEXT("agents.*.provider", NULL, "its provider; default: the job's"),
	TEXT("agents.*.model", NULL, "its model; default: the provider's"),

	CHOICE("classifier.mode", "builtin|llm|hybrid", "builtin", "who classifies"),
	SHARE("classifier.threshold", "0.7", "confidence from which a lane is closed"),

	TEXT("orchestrator.api_url", NULL, "orchestrator that takes patches"),
	INT("orchestrator.timeout_sec", 1, "30", "one request to it, or for workflow.schema"),
	INT("orchestrator.max_retries", 0, "5", "tries after the first"),

	CHOICE("storage.backend", "memory|sqlite|postgres|redis", "memory",
		"where results are kept"),
	TEXT("storage.path", "agentrun.db", "file of the sqlite backend"),
	TEXT("storage.url", NULL, "postgresql://… of the postgres backend; default: PGHOST…"),
	INT("storage.timeout_sec", 1, "30", "postgres: to connect, and one statement"),
	INT("storage.max_connections", 1, "8", "postgres: at once, of one process"),
	CHOICE("storage.cas.backend", "fs|memory|sqlite|postgres|redis", NULL,
		"where blobs are kept; default: with the results"),
	TEXT("storage.cas.path", NULL, "their folder (fs: agentrun-blobs) or file (sqlite)"),
	TEXT("storage.cas.url", NULL, "postgres, redis: default as the results'"),
	INT("storage.ttl_sec", 0, "0", "store gc removes results older than this; 0: none"),
	INT("storage.gc_grace_sec", 0, "3600", "store gc spares blobs put since then"),
	INT("storage.max_inline_bytes", 0, "10485760", "larger results go to a blob"),
	BOOL("storage.cas_enabled", "true", "long results are kept as blobs, beside their records"),
	BOOL("storage.s3_enabled", "false", "not built in"),

	TEXT("rate_limit.global", NULL, "jobs that begin, such as 600/min; no limit if unset"),
	TEXT("rate_limit.per_user", NULL, "of one workflow_owner"),
	TEXT("rate_limit.per_workflow", NULL, "of one workflow_tag"),
	CHOICE("rate_limit.backend", "auto|memory|redis", "auto",
		"who counts limits and budgets; auto: Redis for a worker, else this process"),
	NUMBER("rate_limit.lease_sec", "30", "what a killed process held is free after that"),
	INT("rate_limit.concurrency_per_user", 0, "0", "jobs of one owner at once; 0: no limit"),
	INT("budget.tokens_per_day", 0, "0", "tokens of models a day (UTC); 0: no limit"),
	INT("budget.tokens_per_user_per_day", 0, "0", "of one workflow_owner"),
	INT("budget.tokens_per_workflow_per_day", 0, "0", "of one workflow_tag"),
	NUMBER("budget.usd_per_day", "0", "dollars for models a day; 0: no limit"),
	NUMBER("budget.usd_per_user_per_day", "0", "for one workflow_owner"),
	NUMBER("budget.usd_per_workflow_per_day", "0", "for one workflow_tag"),
	LIST("budget.prices", "MODEL INPUT OUTPUT [CACHED], dollars a million tokens"),

	BOOL("http.allow_private_networks", "false", "http_request may reach private addresses"),
	LIST("http.allow_hosts", "hosts that are allowed whatever their address"),
	LIST("http.deny_hosts", "hosts that are refused"),
	INT("http.max_response_bytes", 1, "67108864", "largest answer, decoded"),
	INT("http.max_redirects", 0, "5", "redirects followed"),
	TEXT("http.ca_file", NULL, "certificates to trust, PEM; default: the system's"),
	INT("http.timeout_ms", 1, "30000", "one request, where the step says nothing"),

	INT("limits.max_input_bytes", 1, "4294967296", "largest input of a pipeline"),
	INT("limits.max_rows", 1, "100000000", "most rows of a pipeline's input"),
	INT("limits.max_depth", 1, "512", "deepest nesting of JSON"),
	INT("limits.max_steps", 1, "256", "most steps of a pipeline"),
	INT("limits.max_threads", 0, "0", "threads of one pipeline; 0: one a core, up to 4"),
	INT("limits.max_document_bytes", 1, "67108864", "largest patched document"),
	INT("limits.job_memory_bytes", 1, "1073741824",
		"most memory of a job: its message, conversation, answers, rows that it keeps"),
	INT("limits.max_job_bytes", 1, "268435456", "largest job message"),

	TEXT("workflow.schema", NULL, "JSON Schema of workflows, a file or an address; default: built in"),

	CHOICE("auth_profiles.*.type", "api_key|bearer|basic", NULL, "how to authenticate"),
	TEXT("auth_profiles.*.header", NULL, "api_key: the header's name"),
	TEXT("auth_profiles.*.value", NULL, "the key, the token, or user:password"),

	CHOICE("log.level", "debug|info|warn|error|off", "info", "least level logged"),
	CHOICE("log.format", "text|json", "text", "of log lines"),
};

const size_t agr_config_keys_count = AGR_COUNT(agr_config_keys);

/* Does `key` have the shape of `pattern`, where `*` is one name? With `prefix`,
 * `key` may end early, at a dot of the pattern. */
static bool matches(const char *pattern, const char *key, bool prefix)
{
	while (*pattern && *key) {
		if (*pattern == '*') {
			if (*key == '.')
				return false;
			while (*key && *key != '.')
				key++;
			pattern++;
		} else if (*pattern++ != *key++) {
			return false;
		}
	}
	return prefix ? !*key && *pattern == '.' : !*key && !*pattern;
}

const agr_config_key *agr_config_key_find(const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < agr_config_keys_count; i++) {
		const agr_config_key *known = &agr_config_keys[i];

		if (known->len == len && memcmp(known->name, key, len) == 0)
			return known;
	}
	for (size_t i = 0; i < agr_config_keys_count; i++)
		if (matches(agr_config_keys[i].name, key, false))
			return &agr_config_keys[i];
	return NULL;
}

bool agr_config_key_matches(const agr_config_key *known, const char *key)
{
	return matches(known->name, key, false);
}

bool agr_config_is_section(const char *key)
{
	for (size_t i = 0; i < agr_config_keys_count; i++)
		if (matches(agr_config_keys[i].name, key, true))
			return true;
	return false;
}
