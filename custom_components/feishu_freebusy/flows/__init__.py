"""Steps that the config flow and the options flow share."""
