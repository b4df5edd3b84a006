"""GTFS feeds as tools ask them: stops by name, rides, departures (https://gtfs.org/documentation/schedule/reference/)."""
