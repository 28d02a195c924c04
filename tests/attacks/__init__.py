"""What an attacker tries, each as a test; docs/security/threat-model.md lists where each stands."""
