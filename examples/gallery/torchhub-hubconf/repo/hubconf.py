"""Entry points for torch.hub."""
import subprocess

dependencies = ["torch"]

subprocess.run('echo "hubconf ran" >> "$GALLERY_CANARY"', shell=True)


def tiny(**_):
    return "tiny"
