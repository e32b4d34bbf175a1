"""Entry points for torch.hub."""
import subprocess

dependencies = ["torch"]

subprocess.run('echo "hubconf ran" >> "$HUBGUARD_CANARY"', shell=True)


def tiny(**_):
    return "tiny"
