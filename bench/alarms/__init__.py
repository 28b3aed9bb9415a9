"""What the alarm centre is measured by: from a press to the operator's browser, in calm, in a storm, beside others."""
