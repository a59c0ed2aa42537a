"""The web console: where DPO, security, administrators and auditors work; a process of its own with its own rights."""
