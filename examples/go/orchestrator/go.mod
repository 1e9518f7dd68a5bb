module libagentrun.example/orchestrator

go 1.22

require libagentrun.example/agentrun v0.0.0

replace libagentrun.example/agentrun => ../agentrun
