module libagentrun.example/agentrun

go 1.21
