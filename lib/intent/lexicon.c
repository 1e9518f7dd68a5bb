/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* What words may be. Sorted by bytes; the unit test checks that. */
#include <string.h>

#include "intent/tokens.h"

enum {
	SETUP = AGR_WORD_SETUP,
	EDIT = AGR_WORD_EDIT,
	QUERY = AGR_WORD_QUERY,
	COMPUTE = AGR_WORD_COMPUTE,
	ACT = AGR_WORD_ACT,
	SYSTEM = AGR_WORD_SYSTEM,
	SETTING = AGR_WORD_SETTING,
	WHEN = AGR_WORD_WHEN,
	RULE = AGR_WORD_RULE,
	PERIOD = AGR_WORD_PERIOD,
	EACH = AGR_WORD_EACH,
	TIME = AGR_WORD_TIME,
	UNIT = AGR_WORD_UNIT,
	WH = AGR_WORD_WH,
	AUX = AGR_WORD_AUX,
	PAST = AGR_WORD_PAST,
	NOW = AGR_WORD_NOW,
	MOST = AGR_WORD_MOST,
	MUST = AGR_WORD_MUST,
	CHANNEL = AGR_WORD_CHANNEL,
	POLITE = AGR_WORD_POLITE,
	I = AGR_WORD_I,
	ME = AGR_WORD_ME,
	YOU = AGR_WORD_YOU,
	TALK = AGR_WORD_TALK,
	FEEL = AGR_WORD_FEEL,
	VAGUE = AGR_WORD_VAGUE,
	FUNCTION = AGR_WORD_FUNCTION,
	PREP = AGR_WORD_PREP,
	BUILD = AGR_WORD_BUILD,
	STRICT = AGR_WORD_STRICT,
};

/* clang-format off */
static const struct entry {
	const char *word;
	uint32_t kinds;
} entries[] = {
	{ "'d", FUNCTION }, { "'ll", FUNCTION }, { "'m", FUNCTION },
	{ "'re", AUX | FUNCTION }, { "'s", AUX | FUNCTION }, { "'ve", FUNCTION },
	{ "a", FUNCTION }, { "abort", SETUP }, { "about", FUNCTION | PREP },
	{ "above", MOST }, { "activate", SETUP | ACT | STRICT }, { "add", EDIT | ACT },
	{ "adjust", SETUP }, { "after", WHEN }, { "afternoon", TIME },
	{ "afternoons", PERIOD }, { "again", POLITE | TALK | VAGUE }, { "age", TALK },
	{ "agent", SYSTEM }, { "agents", SYSTEM }, { "aggregate", COMPUTE },
	{ "aggregator", SYSTEM }, { "ago", PAST }, { "agree", TALK },
	{ "ahead", POLITE }, { "ai", TALK }, { "album", CHANNEL },
	{ "alert", ACT | SETTING }, { "alerts", SETTING }, { "alexa", TALK },
	{ "alive", TALK }, { "all", EACH }, { "allow", SETUP },
	{ "allowlist", SETTING }, { "already", PAST }, { "already-now", NOW },
	{ "also", POLITE | FUNCTION }, { "always", RULE },
	{ "am", TIME | AUX | FUNCTION }, { "amazing", FEEL }, { "amount", MOST },
	{ "an", FUNCTION }, { "analyse", COMPUTE }, { "analyze", COMPUTE },
	{ "and", POLITE | FUNCTION }, { "angry", TALK | FEEL }, { "annoying", FEEL },
	{ "annually", PERIOD }, { "anonymise", SETUP }, { "anonymize", SETUP },
	{ "answer", TALK }, { "any", EACH }, { "anybody", EACH }, { "anymore", RULE },
	{ "anyone", VAGUE }, { "anything", VAGUE }, { "anytime", WHEN | RULE },
	{ "apologize", TALK }, { "apology", TALK }, { "app", CHANNEL },
	{ "append", SETUP | ACT }, { "applet", SYSTEM }, { "appreciate", FEEL },
	{ "approval", SYSTEM }, { "approvals", SYSTEM }, { "approve", ACT },
	{ "approver", SETTING }, { "approvers", SETTING }, { "appveyor", BUILD },
	{ "april", TIME }, { "archive", ACT }, { "are", AUX | FUNCTION },
	{ "aren't", AUX }, { "artifact", BUILD }, { "artifacts", BUILD },
	{ "as", WHEN | FUNCTION }, { "asap", NOW }, { "assign", ACT },
	{ "at", FUNCTION | PREP }, { "attach", EDIT }, { "attempt", UNIT },
	{ "attempts", UNIT }, { "audit", QUERY }, { "august", TIME },
	{ "auth", SETTING }, { "auto", RULE }, { "automate", SETUP | STRICT },
	{ "automatic", RULE }, { "automatically", RULE }, { "automation", SYSTEM },
	{ "automations", SYSTEM }, { "average", COMPUTE | MOST }, { "avoid", SETUP },
	{ "awesome", FEEL }, { "awful", FEEL }, { "azure", BUILD }, { "back", ACT },
	{ "backoff", SETTING }, { "backpressure", SETTING }, { "backup", ACT },
	{ "bad", TALK | FEEL }, { "balance", MOST }, { "batch", SETTING },
	{ "bcc", ACT }, { "be", FUNCTION }, { "beautiful", TALK },
	{ "been", PAST | FUNCTION }, { "beer", TALK }, { "before", WHEN },
	{ "begin", SETUP }, { "being", FUNCTION }, { "believe", TALK },
	{ "best", MOST | FEEL }, { "better", FEEL | VAGUE },
	{ "better-looking", VAGUE }, { "between", MOST | PREP },
	{ "bi-weekly", PERIOD }, { "biggest", MOST }, { "bin", ACT },
	{ "birthday", TALK }, { "bit", VAGUE }, { "biweekly", PERIOD },
	{ "blacklist", SETTING }, { "blink", ACT }, { "block", ACT },
	{ "blog", CHANNEL }, { "book", ACT }, { "bored", TALK | FEEL },
	{ "boring", TALK }, { "born", TALK }, { "boss", TALK },
	{ "bot", SYSTEM | TALK }, { "both", VAGUE }, { "bottom", MOST },
	{ "boy", TALK }, { "boyfriend", TALK }, { "branch", SYSTEM | BUILD },
	{ "branches", SYSTEM }, { "breakdown", MOST }, { "brilliant", FEEL },
	{ "browse", QUERY }, { "bucket", COMPUTE }, { "buddy", TALK },
	{ "build", SETUP | EDIT | BUILD }, { "builds", BUILD },
	{ "bump", SETUP | STRICT }, { "but", POLITE | FUNCTION },
	{ "button", CHANNEL }, { "buy", ACT }, { "by", FUNCTION | PREP },
	{ "bye", TALK }, { "bypass", SETUP | STRICT }, { "bytes", UNIT },
	{ "cache", SETUP | SETTING }, { "caching", SETTING }, { "calculate", COMPUTE },
	{ "calendar", CHANNEL }, { "call", ACT }, { "can", AUX | POLITE | FUNCTION },
	{ "can't", AUX }, { "cancel", ACT }, { "cap", SETUP | STRICT },
	{ "cargo", BUILD }, { "cat", TALK }, { "cats", TALK }, { "cc", ACT },
	{ "cd", BUILD }, { "chain", SETUP }, { "change", SETUP | EDIT | ACT },
	{ "changes", VAGUE }, { "channel", CHANNEL }, { "charge", ACT },
	{ "chart", COMPUTE }, { "chat", TALK }, { "cheapest", MOST },
	{ "check", QUERY }, { "checkout", BUILD }, { "checkpoint", SYSTEM },
	{ "checkpointing", SETTING }, { "cheers", TALK }, { "ci", BUILD },
	{ "clang", BUILD }, { "classifier", SYSTEM }, { "classify", COMPUTE },
	{ "cleaner", VAGUE }, { "cleanup", VAGUE }, { "clear", EDIT },
	{ "clone", EDIT }, { "close", ACT }, { "cluster", COMPUTE },
	{ "cmake", BUILD }, { "codecov", BUILD }, { "coffee", TALK },
	{ "collapse", SETUP }, { "collect", ACT }, { "combine", COMPUTE },
	{ "command", TALK }, { "comments", VAGUE }, { "commit", BUILD },
	{ "commits", BUILD }, { "compare", QUERY | COMPUTE }, { "compiler", BUILD },
	{ "compress", COMPUTE }, { "compute", COMPUTE }, { "concurrency", SETTING },
	{ "condition", SYSTEM }, { "conditions", SYSTEM }, { "config", SETTING },
	{ "configuration", SETTING }, { "configure", SETUP | STRICT },
	{ "confirm", QUERY | TALK }, { "congrats", TALK },
	{ "connect", SETUP | STRICT }, { "connector", SYSTEM },
	{ "connectors", SYSTEM }, { "constantly", RULE }, { "contact", CHANNEL },
	{ "continue", SETUP }, { "continuously", RULE }, { "convert", COMPUTE },
	{ "cool", FEEL }, { "copy", EDIT | ACT }, { "correct", TALK },
	{ "cortana", TALK }, { "cost", MOST }, { "could", AUX | POLITE | FUNCTION },
	{ "couldn't", AUX }, { "count", COMPUTE | MOST }, { "count-up", QUERY },
	{ "coverage", BUILD }, { "crawler", SYSTEM }, { "crazy", TALK },
	{ "create", SETUP | EDIT | ACT }, { "credentials", SETTING },
	{ "cron", SETTING }, { "crosstab", COMPUTE }, { "cry", TALK },
	{ "current", NOW }, { "currently", NOW }, { "cute", TALK },
	{ "cutoff", SETTING }, { "dad", TALK }, { "daily", PERIOD }, { "dance", TALK },
	{ "database", SETTING }, { "day", TIME }, { "days", TIME },
	{ "deactivate", SETUP | STRICT }, { "deadline", SETTING },
	{ "debounce", SETUP | SETTING | STRICT }, { "debug", QUERY },
	{ "december", TIME }, { "declare", SETUP }, { "decouple", SETUP | STRICT },
	{ "decrease", SETUP | STRICT }, { "dedupe", COMPUTE },
	{ "deduplicate", COMPUTE }, { "deduplication", SETTING },
	{ "default", SETUP | SETTING | RULE }, { "defaults", SETTING },
	{ "defer", SETUP }, { "define", SETUP }, { "delay", SETUP | SETTING },
	{ "delete", EDIT }, { "delighted", FEEL }, { "delimiter", SETTING },
	{ "deny", SETUP }, { "denylist", SETTING }, { "dependabot", BUILD },
	{ "dependencies", BUILD }, { "deploy", SETUP | ACT }, { "describe", QUERY },
	{ "description", SETTING }, { "detach", EDIT }, { "determine", QUERY },
	{ "device", CHANNEL }, { "diagnose", QUERY }, { "dial", ACT },
	{ "did", AUX | PAST | FUNCTION }, { "didn't", AUX }, { "different", MOST },
	{ "digest", SETTING }, { "dim", ACT }, { "disable", SETUP | STRICT },
	{ "disappointed", FEEL }, { "disconnect", SETUP | STRICT },
	{ "discord", CHANNEL }, { "discover", QUERY }, { "dispatch", ACT },
	{ "dispatcher", SYSTEM }, { "display", QUERY | ACT }, { "distinct", MOST },
	{ "distribution", MOST }, { "divide", COMPUTE }, { "dm", CHANNEL },
	{ "do", AUX | FUNCTION }, { "docker", BUILD }, { "docs", BUILD },
	{ "does", AUX | FUNCTION }, { "doesn't", AUX }, { "dog", TALK },
	{ "dogs", TALK }, { "don't", AUX }, { "double", SETUP }, { "down", FUNCTION },
	{ "downgrade", SETUP }, { "download", QUERY | ACT }, { "downscale", SETUP },
	{ "drain", ACT }, { "draw", QUERY }, { "dream", TALK }, { "dreams", TALK },
	{ "drive", CHANNEL }, { "drop", SETUP | EDIT }, { "dropbox", CHANNEL },
	{ "dude", TALK }, { "dumb", TALK }, { "dump", QUERY }, { "duplicate", EDIT },
	{ "e-mail", CHANNEL }, { "each", EACH }, { "earlier", PAST },
	{ "earliest", MOST }, { "eat", TALK }, { "edge", SYSTEM }, { "edges", SYSTEM },
	{ "edit", EDIT }, { "edits", VAGUE }, { "either", VAGUE }, { "else", VAGUE },
	{ "email", ACT | CHANNEL }, { "emails", CHANNEL }, { "embed", SETUP },
	{ "enable", SETUP | STRICT }, { "encoding", SETTING }, { "encrypt", SETUP },
	{ "endpoint", SETTING }, { "enforce", SETUP }, { "enjoy", FEEL },
	{ "enricher", SYSTEM }, { "ensure", SETUP }, { "enumerate", QUERY },
	{ "env", SETTING }, { "environment", SETTING }, { "erase", EDIT },
	{ "escalate", ACT }, { "estimate", COMPUTE }, { "evening", TIME | TALK },
	{ "evenings", PERIOD }, { "evernote", CHANNEL }, { "every", EACH },
	{ "everybody", EACH }, { "everyone", EACH }, { "everything", VAGUE },
	{ "excellent", FEEL }, { "excited", FEEL }, { "exclude", SETUP },
	{ "execute", ACT }, { "exempt", SETUP }, { "expand", EDIT },
	{ "explain", QUERY }, { "export", QUERY }, { "exporter", SYSTEM },
	{ "expose", SETUP }, { "expression", SETTING }, { "extend", SETUP },
	{ "extract", COMPUTE }, { "extractor", SYSTEM }, { "facebook", CHANNEL },
	{ "fact", TALK }, { "fallback", SETTING }, { "false", TALK },
	{ "family", TALK }, { "fantastic", FEEL }, { "faster", VAGUE },
	{ "fastest", MOST }, { "father", TALK }, { "favorite", ACT | TALK },
	{ "favourite", TALK }, { "february", TIME }, { "feed", CHANNEL },
	{ "feedly", CHANNEL }, { "feel", TALK }, { "feeling", TALK },
	{ "feelings", TALK }, { "fetch", QUERY }, { "fetcher", SYSTEM },
	{ "few", VAGUE }, { "fewest", MOST }, { "filter", COMPUTE }, { "find", QUERY },
	{ "fine", FEEL }, { "fix", EDIT | VAGUE }, { "fixes", VAGUE },
	{ "flag", ACT | SETTING }, { "flags", SETTING }, { "flash", ACT },
	{ "flickr", CHANNEL }, { "flow", SYSTEM }, { "flows", SYSTEM },
	{ "flush", ACT }, { "folder", CHANNEL }, { "follow", ACT }, { "food", TALK },
	{ "footer", SETTING }, { "for", FUNCTION | PREP }, { "forbid", SETUP },
	{ "forever", RULE }, { "format", COMPUTE | SETTING },
	{ "fortnightly", PERIOD }, { "forward", ACT }, { "frequency", SETTING },
	{ "friday", TIME }, { "fridays", PERIOD }, { "friend", TALK },
	{ "friends", TALK }, { "from", FUNCTION | PREP }, { "frustrating", FEEL },
	{ "funny", TALK }, { "furious", FEEL }, { "future", RULE }, { "gate", SYSTEM },
	{ "gay", TALK }, { "gb", UNIT }, { "gcc", BUILD }, { "generate", COMPUTE },
	{ "get", QUERY | ACT | MUST }, { "gets", MUST }, { "girl", TALK },
	{ "girlfriend", TALK }, { "give", QUERY }, { "glad", FEEL },
	{ "gmail", CHANNEL }, { "go", POLITE }, { "god", TALK }, { "goes", MUST },
	{ "good", FEEL }, { "goodbye", TALK }, { "grab", QUERY }, { "grace", SETTING },
	{ "grant", SETUP }, { "great", FEEL }, { "greater", MOST },
	{ "greatest", MOST }, { "greet", ACT }, { "greeting", SETTING },
	{ "group", COMPUTE }, { "growth", MOST }, { "guard", SETUP },
	{ "gzip", COMPUTE }, { "had", AUX | PAST | FUNCTION }, { "haha", TALK },
	{ "halve", SETUP }, { "hand", ACT }, { "handler", SYSTEM },
	{ "happy", TALK | FEEL }, { "hard", FEEL }, { "has", AUX | MUST | FUNCTION },
	{ "hasn't", AUX }, { "hate", FEEL }, { "have", SETUP | AUX | MUST | FUNCTION },
	{ "haven't", AUX }, { "he", FUNCTION }, { "header", SETTING },
	{ "headers", SETTING }, { "hear", TALK }, { "heh", TALK },
	{ "hello", POLITE | TALK }, { "helpful", FEEL }, { "henceforth", RULE },
	{ "her", FUNCTION }, { "here", VAGUE | FUNCTION }, { "hey", POLITE | TALK },
	{ "hi", POLITE | TALK }, { "hide", SETUP }, { "highest", MOST },
	{ "hilarious", FEEL }, { "his", FUNCTION }, { "histogram", MOST },
	{ "hmm", TALK }, { "hobbies", TALK }, { "hobby", TALK },
	{ "hook", SETUP | SYSTEM | STRICT }, { "horrible", FEEL },
	{ "hour", TIME | UNIT }, { "hourly", PERIOD }, { "hours", TIME | UNIT },
	{ "how", WH }, { "hue", CHANNEL }, { "hug", TALK }, { "human", TALK },
	{ "hungry", TALK }, { "i", I | FUNCTION }, { "i'm", I }, { "identify", QUERY },
	{ "if", WHEN | FUNCTION }, { "ifttt", CHANNEL }, { "ignore", SETUP },
	{ "im", I }, { "immediately", NOW }, { "implement", SETUP },
	{ "importer", SYSTEM }, { "improve", VAGUE }, { "improvement", VAGUE },
	{ "improvements", VAGUE }, { "in", FUNCTION | PREP }, { "inbox", CHANNEL },
	{ "include", SETUP }, { "increase", SETUP | STRICT }, { "inform", ACT },
	{ "inline", SETUP }, { "input", SETTING }, { "inputs", SETTING },
	{ "insert", SETUP | STRICT }, { "insights", VAGUE }, { "inspect", QUERY },
	{ "instagram", CHANNEL }, { "install", SETUP }, { "instead", RULE },
	{ "integration", SYSTEM }, { "integrations", SYSTEM }, { "interesting", FEEL },
	{ "interpolate", COMPUTE }, { "interval", SETTING },
	{ "into", FUNCTION | PREP }, { "introduce", SETUP }, { "invite", ACT },
	{ "is", AUX | FUNCTION }, { "isn't", AUX }, { "isolate", SETUP },
	{ "it", VAGUE | FUNCTION }, { "items", UNIT }, { "its", FUNCTION },
	{ "january", TIME }, { "job", BUILD }, { "jobs", BUILD }, { "join", COMPUTE },
	{ "joke", TALK }, { "jokes", TALK }, { "july", TIME }, { "june", TIME },
	{ "just", POLITE | FUNCTION }, { "kb", UNIT }, { "keep", SETUP | ACT },
	{ "kick", ACT }, { "kindly", POLITE }, { "kiss", TALK }, { "know", TALK },
	{ "label", ACT }, { "lamp", CHANNEL }, { "language", TALK },
	{ "languages", TALK }, { "largest", MOST }, { "last", PAST },
	{ "latest", PAST | MOST }, { "laugh", TALK }, { "launch", ACT },
	{ "least", MOST }, { "less", MOST | VAGUE }, { "let", SETUP | POLITE },
	{ "life", TALK }, { "light", ACT | CHANNEL }, { "lights", CHANNEL },
	{ "like", ACT | FEEL }, { "limit", SETUP | SETTING }, { "limits", SETTING },
	{ "link", SETUP | STRICT }, { "lint", BUILD }, { "linter", BUILD },
	{ "linting", BUILD }, { "linux", BUILD }, { "list", QUERY | CHANNEL },
	{ "listen", TALK }, { "listener", SYSTEM }, { "listening", TALK },
	{ "loader", SYSTEM }, { "locale", SETTING }, { "locate", QUERY },
	{ "lock", ACT }, { "log", ACT | SETTING }, { "logger", SETTING },
	{ "logging", SETTING }, { "logs", SETTING }, { "lol", TALK },
	{ "lonely", FEEL }, { "longer", RULE }, { "longest", MOST }, { "look", QUERY },
	{ "lookup", QUERY }, { "loop", SYSTEM }, { "loops", SYSTEM },
	{ "loosen", SETUP }, { "love", TALK | FEEL }, { "lovely", FEEL },
	{ "lower", SETUP | STRICT }, { "lowest", MOST }, { "lunch", TALK },
	{ "macos", BUILD }, { "mail", ACT | CHANNEL }, { "make", SETUP | EDIT },
	{ "man", TALK }, { "mandate", SETUP }, { "manually", NOW }, { "many", MOST },
	{ "mapper", SYSTEM }, { "mapping", SETTING }, { "march", TIME },
	{ "mark", ACT }, { "married", TALK }, { "marry", TALK }, { "mask", SETUP },
	{ "matrix", BUILD }, { "max", MOST }, { "max_attempts", SETTING },
	{ "max_retries", SETTING }, { "maximum", MOST }, { "may", AUX },
	{ "maybe", POLITE }, { "mb", UNIT }, { "me", ME | FUNCTION },
	{ "mean", MOST | TALK }, { "meaning", TALK }, { "median", MOST },
	{ "memoize", SETUP | STRICT }, { "memory", SETTING },
	{ "merge", EDIT | COMPUTE }, { "merger", SYSTEM },
	{ "message", ACT | CHANNEL }, { "midnight", TIME }, { "might", AUX },
	{ "migrate", SETUP }, { "millisecond", UNIT }, { "milliseconds", UNIT },
	{ "min", TIME | UNIT | MOST }, { "mine", I }, { "minimum", MOST },
	{ "minor", VAGUE }, { "mins", TIME | UNIT }, { "minute", TIME | UNIT },
	{ "minutes", TIME | UNIT }, { "mirror", SETUP }, { "misc", VAGUE },
	{ "mistake", TALK }, { "mode", SETTING }, { "model", SETTING },
	{ "modify", EDIT }, { "mom", TALK }, { "monday", TIME }, { "mondays", PERIOD },
	{ "monitor", SETUP }, { "month", TIME }, { "monthly", PERIOD },
	{ "months", TIME }, { "more", MOST | VAGUE }, { "morning", TIME | TALK },
	{ "mornings", PERIOD }, { "most", MOST }, { "mother", TALK },
	{ "move", EDIT | ACT }, { "ms", UNIT }, { "much", MOST },
	{ "multiply", COMPUTE }, { "must", MUST }, { "mute", SETUP | STRICT },
	{ "my", I | FUNCTION }, { "name", QUERY | MOST | TALK },
	{ "names", MOST | TALK }, { "needs", MUST }, { "neither", VAGUE },
	{ "nest", CHANNEL }, { "never", RULE }, { "newest", MOST },
	{ "next", NOW | VAGUE }, { "nice", FEEL }, { "nicer", VAGUE },
	{ "night", TIME | TALK }, { "nightly", PERIOD }, { "nights", PERIOD },
	{ "no", TALK | FUNCTION }, { "node", SYSTEM }, { "nodes", SYSTEM },
	{ "noon", TIME }, { "noonday", TIME }, { "nope", TALK }, { "nor", FUNCTION },
	{ "normalise", COMPUTE }, { "normalize", COMPUTE }, { "not", FUNCTION },
	{ "nothing", VAGUE }, { "notification", SETTING | CHANNEL },
	{ "notifications", SETTING | CHANNEL }, { "notifier", SYSTEM },
	{ "notify", ACT }, { "notion", CHANNEL }, { "november", TIME },
	{ "now", NOW | POLITE }, { "npm", BUILD }, { "nullable", SETTING },
	{ "number", MOST }, { "october", TIME }, { "of", FUNCTION | PREP },
	{ "off", FUNCTION }, { "ok", POLITE | TALK }, { "okay", POLITE | TALK | FEEL },
	{ "old", TALK }, { "oldest", MOST }, { "olly", TALK },
	{ "on", FUNCTION | PREP }, { "once", WHEN | NOW }, { "one", VAGUE },
	{ "onedrive", CHANNEL }, { "ones", VAGUE }, { "only", RULE | FUNCTION },
	{ "onto", FUNCTION }, { "onwards", RULE }, { "open", ACT },
	{ "opinion", TALK }, { "optimise", VAGUE }, { "optimize", VAGUE },
	{ "option", SETTING }, { "options", SETTING }, { "or", FUNCTION },
	{ "order", COMPUTE }, { "otherwise", RULE }, { "ought", MUST },
	{ "our", I | FUNCTION }, { "out", FUNCTION }, { "output", SETTING },
	{ "outputs", SETTING }, { "over", MOST | FUNCTION }, { "package", BUILD },
	{ "packages", BUILD }, { "page", ACT }, { "parallelise", SETUP },
	{ "parallelism", SETTING }, { "parallelize", SETUP }, { "parameter", SETTING },
	{ "parameterization", SETTING }, { "parameterize", SETUP | STRICT },
	{ "parameters", SETTING }, { "pardon", TALK }, { "parents", TALK },
	{ "parse", COMPUTE }, { "parser", SYSTEM }, { "partition", COMPUTE },
	{ "past", PAST }, { "pause", ACT }, { "pay", ACT }, { "payload", SETTING },
	{ "pending", NOW }, { "per", FUNCTION | PREP }, { "percent", UNIT },
	{ "percentage", MOST }, { "percentile", MOST }, { "perfect", FEEL },
	{ "periodically", PERIOD }, { "permanently", RULE }, { "permission", SETTING },
	{ "permissions", SETTING }, { "permit", SETUP }, { "pet", TALK },
	{ "pets", TALK }, { "phone", CHANNEL }, { "photo", CHANNEL },
	{ "photos", CHANNEL }, { "picture", CHANNEL }, { "pictures", CHANNEL },
	{ "pin", SETUP }, { "ping", ACT }, { "pipe", SETUP }, { "pipeline", SYSTEM },
	{ "pipelines", SYSTEM }, { "pivot", COMPUTE }, { "placeholder", SETTING },
	{ "play", ACT }, { "please", POLITE | TALK }, { "plot", COMPUTE },
	{ "pm", TIME }, { "pocket", CHANNEL }, { "point", SETUP },
	{ "poller", SYSTEM }, { "polling", SETTING }, { "pop", VAGUE },
	{ "post", ACT | CHANNEL }, { "posts", CHANNEL }, { "pr", BUILD },
	{ "precision", SETTING }, { "predecessor", SYSTEM }, { "prefer", SETUP },
	{ "prefix", SETTING }, { "prepend", SETUP }, { "present", QUERY },
	{ "preserve", SETUP }, { "pretty", TALK }, { "prevent", SETUP },
	{ "preview", QUERY }, { "previous", PAST }, { "previously", PAST },
	{ "price", MOST }, { "print", QUERY | ACT }, { "prioritise", SETUP },
	{ "prioritize", SETUP }, { "priority", SETTING }, { "problem", TALK },
	{ "prompt", SETTING }, { "properly", VAGUE }, { "provide", QUERY },
	{ "prs", BUILD }, { "publish", SETUP | ACT }, { "pull", QUERY | ACT },
	{ "purge", ACT }, { "put", SETUP | EDIT | ACT }, { "python", BUILD },
	{ "quantile", MOST }, { "quarantine", SETUP }, { "quarter", TIME },
	{ "quarterly", PERIOD }, { "question", TALK }, { "queue", SYSTEM },
	{ "quit", SETUP }, { "quorum", SETTING }, { "quota", SETTING },
	{ "raise", SETUP | STRICT }, { "random", VAGUE }, { "rank", COMPUTE },
	{ "rate", SETTING | MOST }, { "ratio", MOST }, { "re-enable", SETUP | STRICT },
	{ "reactivate", SETUP | STRICT }, { "read", QUERY }, { "reader", SYSTEM },
	{ "real", TALK }, { "really", TALK }, { "rebind", SETUP | STRICT },
	{ "reboot", ACT }, { "receive", ACT }, { "recent", PAST },
	{ "recently", PAST }, { "recipe", SYSTEM }, { "recipient", SETTING },
	{ "recipients", SETTING }, { "recommend", QUERY }, { "reconcile", COMPUTE },
	{ "reconfigure", SETUP | STRICT }, { "record", ACT }, { "records", UNIT },
	{ "redact", SETUP }, { "reddit", CHANNEL }, { "redirect", SETUP },
	{ "reduce", SETUP }, { "refactor", SETUP }, { "reformat", COMPUTE },
	{ "refresh", ACT }, { "refund", ACT }, { "regularly", RULE },
	{ "reissue", ACT }, { "reject", ACT }, { "relax", SETUP },
	{ "release", BUILD }, { "releases", BUILD }, { "reload", ACT },
	{ "remind", ACT }, { "reminder", SETTING }, { "reminders", SETTING },
	{ "remove", EDIT }, { "rename", SETUP }, { "reopen", ACT },
	{ "reorder", SETUP }, { "repeat", TALK }, { "repeatedly", PERIOD },
	{ "replace", SETUP | EDIT }, { "reply", ACT | TALK }, { "repo", BUILD },
	{ "report", QUERY | ACT }, { "repository", BUILD }, { "repost", ACT },
	{ "require", SETUP }, { "reroute", SETUP | STRICT }, { "rerun", ACT },
	{ "reschedule", SETUP | STRICT }, { "resend", ACT }, { "reset", SETUP },
	{ "respond", ACT }, { "response", TALK }, { "restart", ACT },
	{ "restore", SETUP }, { "restrict", SETUP }, { "resume", ACT },
	{ "retain", SETUP }, { "retention", SETTING }, { "retries", SETTING },
	{ "retrieve", QUERY }, { "retry", ACT | SETTING }, { "return", QUERY },
	{ "revenue", MOST }, { "reverse", SETUP }, { "revert", SETUP },
	{ "review", VAGUE }, { "reviewer", SETTING }, { "reviewers", SETTING },
	{ "revoke", SETUP }, { "rewire", SETUP | STRICT }, { "rewrite", EDIT },
	{ "right", TALK }, { "ring", ACT }, { "robot", TALK }, { "robust", VAGUE },
	{ "role", SETTING }, { "roles", SETTING }, { "rollback", SETUP },
	{ "round", COMPUTE }, { "rounds", UNIT }, { "route", SETUP | ACT },
	{ "router", SYSTEM }, { "routine", SYSTEM }, { "rows", UNIT },
	{ "rss", CHANNEL }, { "rule", SYSTEM }, { "rules", SYSTEM }, { "run", ACT },
	{ "runner", BUILD }, { "runners", BUILD }, { "rust", BUILD },
	{ "sad", TALK | FEEL }, { "same", VAGUE }, { "saturday", TIME },
	{ "saturdays", PERIOD }, { "save", ACT }, { "scenario", SYSTEM },
	{ "schedule", SETUP | SETTING | STRICT }, { "scheduler", SYSTEM },
	{ "schedules", SETTING }, { "schema", SETTING }, { "score", COMPUTE | MOST },
	{ "scraper", SYSTEM }, { "search", QUERY }, { "sec", UNIT },
	{ "second", TIME | UNIT }, { "seconds", TIME | UNIT }, { "secret", TALK },
	{ "secrets", TALK }, { "secs", UNIT }, { "see", QUERY }, { "select", QUERY },
	{ "send", ACT }, { "sender", SYSTEM }, { "separate", SETUP },
	{ "separator", SETTING }, { "september", TIME }, { "serialise", SETUP },
	{ "set", SETUP | ACT }, { "setting", SETTING }, { "settings", SETTING },
	{ "sex", TALK }, { "sexy", TALK }, { "shall", AUX | MUST }, { "share", ACT },
	{ "she", FUNCTION }, { "sheet", CHANNEL }, { "ship", ACT },
	{ "shorten", SETUP }, { "shortest", MOST }, { "should", AUX | MUST },
	{ "show", QUERY }, { "shuffle", COMPUTE }, { "sick", FEEL },
	{ "signature", SETTING }, { "silence", SETUP | STRICT }, { "simplify", SETUP },
	{ "simply", POLITE }, { "since", PAST }, { "sing", TALK }, { "single", TALK },
	{ "siri", TALK }, { "skip", SETUP }, { "sla", SETTING }, { "slack", CHANNEL },
	{ "sleep", TALK }, { "slower", VAGUE }, { "slowest", MOST },
	{ "smallest", MOST }, { "smart", TALK | VAGUE }, { "smarter", VAGUE },
	{ "sms", CHANNEL }, { "snapshot", ACT }, { "so", POLITE | VAGUE | FUNCTION },
	{ "some", VAGUE }, { "somehow", VAGUE }, { "someone", VAGUE },
	{ "something", VAGUE }, { "song", TALK }, { "sorry", TALK },
	{ "sort", COMPUTE }, { "speak", TALK }, { "spend", MOST }, { "split", SETUP },
	{ "splitter", SYSTEM }, { "spreadsheet", CHANNEL }, { "stage", SYSTEM },
	{ "star", ACT }, { "start", SETUP | ACT }, { "stddev", MOST },
	{ "step", SYSTEM }, { "steps", SYSTEM }, { "stop", SETUP | ACT },
	{ "store", ACT }, { "strip", EDIT }, { "stuff", VAGUE }, { "stupid", TALK },
	{ "subflow", SYSTEM }, { "submit", ACT }, { "subprocess", SYSTEM },
	{ "subscribe", SETUP | STRICT }, { "subtract", COMPUTE },
	{ "subworkflow", SYSTEM }, { "successor", SYSTEM }, { "such", VAGUE },
	{ "suck", FEEL }, { "sucks", FEEL }, { "suffix", SETTING },
	{ "suggest", QUERY }, { "sum", COMPUTE | MOST }, { "summarise", COMPUTE },
	{ "summarize", COMPUTE }, { "summarizer", SYSTEM }, { "sunday", TIME },
	{ "sundays", PERIOD }, { "sunrise", TIME }, { "sunset", TIME },
	{ "sunup", TIME }, { "support", SETUP }, { "suppress", SETUP },
	{ "sure", TALK }, { "swap", SETUP | EDIT }, { "switch", SETUP },
	{ "sync", ACT }, { "tabulate", COMPUTE }, { "tag", ACT }, { "talk", TALK },
	{ "talking", TALK }, { "tally", MOST }, { "teams", CHANNEL },
	{ "telegram", CHANNEL }, { "tell", QUERY }, { "temperature", SETTING },
	{ "template", SYSTEM }, { "terrible", FEEL }, { "test", TALK | BUILD },
	{ "testing", TALK }, { "tests", BUILD }, { "text", ACT | CHANNEL },
	{ "than", MOST | FUNCTION }, { "thank", TALK }, { "thanks", TALK },
	{ "that", VAGUE | FUNCTION }, { "the", FUNCTION }, { "their", FUNCTION },
	{ "them", FUNCTION }, { "then", WHEN | POLITE | FUNCTION },
	{ "there", VAGUE | FUNCTION }, { "these", VAGUE | FUNCTION },
	{ "they", FUNCTION }, { "thing", TALK | VAGUE }, { "things", VAGUE },
	{ "think", TALK }, { "this", NOW | VAGUE | FUNCTION },
	{ "those", VAGUE | FUNCTION }, { "threads", UNIT }, { "threshold", SETTING },
	{ "thrilled", FEEL }, { "throttle", SETUP | STRICT }, { "thursday", TIME },
	{ "thursdays", PERIOD }, { "thx", TALK }, { "tidy", VAGUE },
	{ "tighten", SETUP }, { "time", TIME }, { "timeout", SETTING },
	{ "timeout_ms", SETTING }, { "timeouts", SETTING }, { "times", TIME | UNIT },
	{ "timezone", SETTING }, { "timezones", SETTING }, { "tired", TALK | FEEL },
	{ "to", FUNCTION }, { "today", NOW }, { "todoist", CHANNEL },
	{ "toggle", SETUP | STRICT }, { "token", SETTING }, { "tokens", UNIT },
	{ "tomorrow", NOW }, { "tonight", NOW }, { "too", FUNCTION }, { "top", MOST },
	{ "total", COMPUTE | MOST }, { "trace", QUERY }, { "track", ACT },
	{ "transfer", ACT }, { "translate", COMPUTE }, { "travis", BUILD },
	{ "treat", SETUP }, { "trello", CHANNEL }, { "trend", MOST },
	{ "trick", TALK }, { "trigger", ACT | SYSTEM }, { "triggers", SYSTEM },
	{ "trim", EDIT }, { "triple", SETUP }, { "true", TALK }, { "ttl", SETTING },
	{ "tuesday", TIME }, { "tuesdays", PERIOD }, { "tumblr", CHANNEL },
	{ "tune", SETUP }, { "turn", SETUP | ACT }, { "turnover", MOST },
	{ "tweak", SETUP }, { "tweaks", VAGUE }, { "tweet", ACT | CHANNEL },
	{ "twice", PERIOD }, { "twitter", CHANNEL }, { "typo", VAGUE },
	{ "typos", VAGUE }, { "u", YOU }, { "ubuntu", BUILD }, { "ugly", TALK },
	{ "unarchive", ACT }, { "under", FUNCTION }, { "understand", TALK },
	{ "uninstall", SETUP }, { "unless", WHEN }, { "unlink", SETUP | STRICT },
	{ "unlock", ACT }, { "unmute", SETUP | STRICT }, { "unpin", SETUP },
	{ "unpublish", SETUP | STRICT }, { "unschedule", SETUP | STRICT },
	{ "unsubscribe", SETUP | STRICT }, { "until", WHEN },
	{ "unwrap", SETUP | STRICT }, { "up", FUNCTION }, { "upcoming", NOW },
	{ "update", EDIT | ACT | VAGUE }, { "updates", VAGUE }, { "upgrade", SETUP },
	{ "upload", ACT }, { "uploader", SYSTEM }, { "upon", WHEN },
	{ "upscale", SETUP }, { "upset", FEEL }, { "url", SETTING },
	{ "us", ME | FUNCTION }, { "use", SETUP }, { "useless", FEEL },
	{ "usual", VAGUE }, { "utc", TIME }, { "validate", QUERY },
	{ "validation", SETTING }, { "validator", SYSTEM }, { "variable", SETTING },
	{ "variables", SETTING }, { "variance", MOST }, { "various", VAGUE },
	{ "verbose", SETTING }, { "verbosity", SETTING }, { "verify", QUERY },
	{ "version", SETTING | BUILD }, { "versions", BUILD }, { "very", FUNCTION },
	{ "via", FUNCTION }, { "video", CHANNEL }, { "videos", CHANNEL },
	{ "view", QUERY }, { "visualise", QUERY }, { "visualize", QUERY },
	{ "void", ACT }, { "wait", SETTING }, { "wake", ACT }, { "walk", QUERY },
	{ "wallpaper", CHANNEL }, { "warn", ACT }, { "was", AUX | PAST | FUNCTION },
	{ "wasn't", AUX }, { "watch", SETUP }, { "way", VAGUE },
	{ "we", I | FUNCTION }, { "weather", CHANNEL }, { "webhook", SYSTEM },
	{ "webhooks", SYSTEM }, { "wednesday", TIME }, { "wednesdays", PERIOD },
	{ "week", TIME }, { "weekday", TIME }, { "weekdays", PERIOD },
	{ "weekend", TIME }, { "weekends", PERIOD }, { "weekly", PERIOD },
	{ "weeks", TIME }, { "weird", TALK }, { "welcome", TALK },
	{ "well", POLITE | FEEL }, { "were", AUX | PAST | FUNCTION }, { "wfh", TALK },
	{ "what", QUERY | WH | FUNCTION }, { "whatever", VAGUE },
	{ "whatsapp", CHANNEL }, { "whatsoever", VAGUE }, { "when", WHEN | WH },
	{ "whenever", WHEN | RULE }, { "where", WH }, { "wherever", WHEN | RULE },
	{ "which", WH | FUNCTION }, { "whichever", WHEN | RULE }, { "while", WHEN },
	{ "whilst", WHEN }, { "whitelist", SETTING }, { "who", WH | FUNCTION },
	{ "whoever", WHEN | RULE }, { "whom", WH }, { "whose", WH }, { "why", WH },
	{ "widen", SETUP }, { "wifi", CHANNEL }, { "will", AUX | FUNCTION },
	{ "windows", BUILD }, { "wipe", ACT }, { "wire", SETUP | STRICT },
	{ "with", FUNCTION | PREP }, { "within", PREP }, { "without", PREP },
	{ "won't", AUX }, { "wonderful", FEEL }, { "wording", SETTING },
	{ "work", VAGUE }, { "worker", SYSTEM }, { "workers", UNIT },
	{ "workflow", SYSTEM }, { "workflows", SYSTEM }, { "working", VAGUE },
	{ "worries", TALK }, { "worry", TALK }, { "worst", MOST | FEEL },
	{ "would", AUX | POLITE | FUNCTION }, { "wouldn't", AUX }, { "wow", TALK },
	{ "wrap", SETUP | STRICT }, { "write", ACT }, { "writer", SYSTEM },
	{ "wrong", TALK }, { "x", UNIT }, { "yeah", TALK }, { "year", TIME },
	{ "yearly", PERIOD }, { "years", TIME }, { "yep", TALK },
	{ "yes", TALK | FUNCTION }, { "yesterday", PAST },
	{ "you", POLITE | YOU | FUNCTION }, { "youngest", MOST },
	{ "your", YOU | FUNCTION }, { "yours", YOU }, { "yourself", YOU },
	{ "youtube", CHANNEL }, { "zap", SYSTEM },
};
/* clang-format on */

static uint32_t find(const char *word, size_t len)
{
	size_t low = 0, high = AGR_COUNT(entries);

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strncmp(entries[mid].word, word, len);

		if (order == 0 && entries[mid].word[len])
			order = 1;
		if (order == 0)
			return entries[mid].kinds;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return 0;
}

/* A stem: what is left without an ending, and what is put in its place. */
static const struct ending {
	const char *text, *instead;
} endings[] = { { "s", "" }, { "es", "" }, { "ies", "y" }, { "ed", "" }, { "ed", "e" },
	{ "ied", "y" }, { "ing", "" }, { "ing", "e" } };

static bool ends_in(const char *word, size_t len, const char *text)
{
	size_t n = strlen(text);

	return len > n + 1 && memcmp(word + len - n, text, n) == 0;
}

/* Words as people write them in haste, beside those that agr_lexicon_near() finds. */
static const struct haste {
	const char *word, *meant;
} hastes[] = { { "cant", "can't" }, { "didnt", "didn't" }, { "doesnt", "doesn't" },
	{ "dont", "don't" }, { "evry", "every" }, { "isnt", "isn't" }, { "lets", "let" },
	{ "pls", "please" }, { "plz", "please" }, { "teh", "the" }, { "thru", "through" },
	{ "tmrw", "tomorrow" }, { "tmr", "tomorrow" }, { "ur", "your" }, { "wat", "what" },
	{ "wats", "what" }, { "wen", "when" }, { "wich", "which" }, { "wont", "won't" },
	{ "wy", "why" }, { "yr", "year" } };

/* Do the two differ by one letter that is missing, or by two that changed places? */
static bool is_slip(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t i = 0;

	while (i < a_len && i < b_len && a[i] == b[i])
		i++;
	if (a_len == b_len)
		return i + 2 <= a_len && a[i] == b[i + 1] && a[i + 1] == b[i] &&
			memcmp(a + i + 2, b + i + 2, a_len - i - 2) == 0;
	if (a_len + 1 == b_len)
		return memcmp(a + i, b + i + 1, a_len - i) == 0;
	return a_len == b_len + 1 && memcmp(a + i + 1, b + i, b_len - i) == 0;
}

static bool is_letters(const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!agr_is_alpha(word[i]))
			return false;
	return true;
}

/* The first entry that begins with this letter or a later one. */
static size_t first_of(char letter)
{
	size_t low = 0, high = AGR_COUNT(entries);

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (entries[mid].word[0] < letter)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const char *agr_lexicon_near(const char *word, size_t len)
{
	size_t i;

	for (size_t k = 0; k < AGR_COUNT(hastes); k++)
		if (strlen(hastes[k].word) == len && memcmp(hastes[k].word, word, len) == 0)
			return hastes[k].meant;
	/* Short words have too many neighbours, and a plural is none. */
	if (len < 5 || !is_letters(word, len))
		return NULL;
	for (i = first_of(word[0]); i < AGR_COUNT(entries) && entries[i].word[0] == word[0]; i++) {
		size_t n = strlen(entries[i].word);

		if (n >= 5 && is_slip(word, len, entries[i].word, n))
			return entries[i].word;
	}
	return NULL;
}

uint32_t agr_lexicon_find(const char *word, size_t len, bool *inflected)
{
	uint32_t kinds = find(word, len);
	char stem[32];

	*inflected = false;
	if (kinds || len >= sizeof(stem) - 1)
		return kinds;
	for (size_t i = 0; !kinds && i < AGR_COUNT(endings); i++) {
		size_t n;

		if (!ends_in(word, len, endings[i].text))
			continue;
		n = len - strlen(endings[i].text);
		memcpy(stem, word, n);
		memcpy(stem + n, endings[i].instead, strlen(endings[i].instead) + 1);
		kinds = find(stem, strlen(stem));
		if (!kinds && n > 2 && stem[n - 1] == stem[n - 2])
			kinds = find(stem, n - 1); /* stopped: stop */
	}
	*inflected = kinds != 0;
	return kinds & ~(uint32_t)(FUNCTION | WH | AUX | POLITE | TALK);
}

const char *agr_lexicon_word(size_t i)
{
	return i < AGR_COUNT(entries) ? entries[i].word : NULL;
}
