"""What the transport tools should find, computed another way: with pandas, from the zip's files.

Nothing here is shared with the tools but the words of ``agents/transit/streets.yaml``.
"""

from __future__ import annotations

import io
import math
import re
import unicodedata
import zipfile
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import yaml

STREETS = Path(__file__).resolve().parents[3] / "agents" / "transit" / "streets.yaml"
EARTH = 6_371_008.8
WALK_M, WALK_SPEED = 300.0, 1.2
FEW, MANY = 3, 12
JOURNEYS = 8
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def haversine(lat1, lon1, lat2, lon2):
    a, b, c, d = map(np.radians, (lat1, lon1, lat2, lon2))
    h = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return 2 * EARTH * np.arcsin(np.sqrt(h))


def seconds(text):
    if not isinstance(text, str) or not text.strip():
        return math.nan
    hours, minutes, rest = map(int, text.split(":"))
    return hours * 3600 + minutes * 60 + rest


def plain(text):
    """Lower-case words without accents."""
    flat = "".join(
        c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c)
    )
    return re.findall(r"[a-z0-9]+", flat)


class Names:
    """Names of stops, compared by their words."""

    def __init__(self):
        data = yaml.safe_load(STREETS.read_text(encoding="utf-8"))
        self.small = set(data["particles"])
        self.light = set(data["light"])
        self.corner = set(data["corner"])
        self.first = {w: plain(g[0])[0] for g in data["equals"] for o in g for w in plain(o)}

    def key(self, text):
        """The telling words, and the kinds of street."""
        words = plain(text)
        more = [w for w in words if w not in self.small]
        told = [w for w in more if w not in self.light | self.corner] or more or words
        same = self.first
        return (
            frozenset(same.get(w, w) for w in told),
            frozenset(same.get(w, w) for w in words if w in self.light),
        )


class Feed:
    def __init__(self, path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                table = pd.read_csv(
                    io.BytesIO(archive.read(name)), dtype=str, keep_default_na=False
                )
                setattr(self, Path(name).stem, table)
        self.stops["stop_name"] = self.stops["stop_name"].str.split().str.join(" ")
        self.stops["lat"] = self.stops["stop_lat"].astype(float)
        self.stops["lon"] = self.stops["stop_lon"].astype(float)
        times = self.stop_times
        times["arrive"] = times["arrival_time"].map(seconds)
        times["leave"] = times["departure_time"].map(seconds)
        times["seq"] = times["stop_sequence"].astype(int)
        self.trips["direction_id"] = self.trips.get("direction_id", "")
        self.trips["trip_headsign"] = self.trips.get("trip_headsign", "")
        self.names = Names()
        self.keys = [self.names.key(name) for name in self.stops["stop_name"]]

    # -------------------------------------------------------------------------- names

    def named(self, text):
        """The ids of the stops that are called exactly so."""
        wanted, light = self.names.key(text)
        same = [n for n, (words, _) in enumerate(self.keys) if words == wanted]
        narrow = [n for n in same if light and light <= self.keys[n][1]]
        return set(self.stops["stop_id"].iloc[narrow or same])

    # -------------------------------------------------------------------------- near

    def near(self, lat, lon, radius, limit):
        table = self.stops.assign(far=haversine(lat, lon, self.stops["lat"], self.stops["lon"]))
        table = table[table["far"] <= radius].sort_values(["far", "stop_name", "stop_id"])
        return table.head(limit)[["stop_id", "stop_name", "far"]], len(table)

    @cached_property
    def routes_at(self):
        table = self.stop_times.merge(self.trips, on="trip_id").merge(self.routes, on="route_id")
        return table.groupby("stop_id")["route_short_name"].agg(lambda names: sorted(set(names)))

    # -------------------------------------------------------------------------- journeys

    def direct(self, origins, destinations):
        """(route, direction, headsign) → seconds of the shortest ride."""
        a = self.stop_times[self.stop_times["stop_id"].isin(origins)]
        b = self.stop_times[self.stop_times["stop_id"].isin(destinations)]
        both = a.merge(b, on="trip_id", suffixes=("_a", "_b"))
        both = both[(both["seq_a"] < both["seq_b"]) & (both["stop_id_a"] != both["stop_id_b"])]
        both = both.merge(self.trips, on="trip_id")
        both["ride"] = both["arrive_b"] - both["leave_a"]
        return both.groupby(["route_id", "direction_id", "trip_headsign"])["ride"].min().to_dict()

    @cached_property
    def walks(self):
        """Pairs of stops within walking distance, in metres."""
        lat, lon = self.stops["lat"].to_numpy(), self.stops["lon"].to_numpy()
        ids = self.stops["stop_id"].to_numpy()
        parts = []
        for n in range(len(ids)):
            far = haversine(lat[n], lon[n], lat, lon)
            close = np.flatnonzero(far <= WALK_M)
            parts.append(pd.DataFrame({"off": ids[n], "on": ids[close], "metres": far[close]}))
        return pd.concat(parts, ignore_index=True)

    @cached_property
    def sizes(self):
        return self.stop_times.groupby("trip_id").size().rename("size")

    def _one_of_each(self, stops):
        trips = self.stop_times.loc[self.stop_times["stop_id"].isin(stops), "trip_id"].unique()
        table = self.trips[self.trips["trip_id"].isin(trips)].join(self.sizes, on="trip_id")
        table = table.sort_values(["size", "trip_id"], ascending=[False, True])
        return table.drop_duplicates(["route_id", "direction_id", "trip_headsign"])

    def changes(self, origins, destinations):
        """(first trip, second trip) → seconds on board and on foot, of the best place to change."""
        times = self.stop_times
        first, second = self._one_of_each(origins), self._one_of_each(destinations)
        a = times[times["stop_id"].isin(origins) & times["trip_id"].isin(first["trip_id"])]
        a = a[["trip_id", "seq", "leave"]].merge(times, on="trip_id", suffixes=("_end", ""))
        a = a[a["seq_end"] < a["seq"]]
        a = a.assign(ride=a["arrive"] - a["leave_end"])
        a = a.groupby(["trip_id", "stop_id"], as_index=False)["ride"].min()
        b = times[times["stop_id"].isin(destinations) & times["trip_id"].isin(second["trip_id"])]
        b = b[["trip_id", "seq", "arrive"]].merge(times, on="trip_id", suffixes=("_end", ""))
        b = b[b["seq_end"] > b["seq"]]
        b = b.assign(ride=b["arrive_end"] - b["leave"])
        b = b.groupby(["trip_id", "stop_id"], as_index=False)["ride"].min()
        route = self.trips.set_index("trip_id")["route_id"]
        a["route"], b["route"] = a["trip_id"].map(route), b["trip_id"].map(route)
        walks = self.walks[self.walks["on"].isin(set(b["stop_id"]))]
        pairs = a.merge(walks, left_on="stop_id", right_on="off")
        pairs = pairs.merge(b, left_on="on", right_on="stop_id", suffixes=("_1", "_2"))
        pairs = pairs[pairs["route_1"] != pairs["route_2"]]
        total = pairs["ride_1"] + pairs["ride_2"] + np.ceil(pairs["metres"] / WALK_SPEED)
        return total.groupby([pairs["trip_id_1"], pairs["trip_id_2"]]).min().to_dict()

    # -------------------------------------------------------------------------- departures

    @cached_property
    def zone(self):
        return ZoneInfo(self.agency["agency_timezone"].iloc[0])

    @cached_property
    def last_day(self):
        found = [datetime.strptime(d, "%Y%m%d").date() for d in self.calendar["end_date"]]
        for row in getattr(self, "calendar_dates", pd.DataFrame()).to_dict("records"):
            if row["exception_type"] == "1":
                found.append(datetime.strptime(row["date"], "%Y%m%d").date())
        return max(found)

    @cached_property
    def _running(self):
        return cache(self._running_on)  # one answer asks it of three days for every trip

    def _running_on(self, day: date):
        text = day.strftime("%Y%m%d")
        services = {
            row["service_id"]
            for row in self.calendar.to_dict("records")
            if row[WEEKDAYS[day.weekday()]] == "1" and row["start_date"] <= text <= row["end_date"]
        }
        for row in getattr(self, "calendar_dates", pd.DataFrame()).to_dict("records"):
            if row["date"] == text:
                change = services.add if row["exception_type"] == "1" else services.discard
                change(row["service_id"])
        return services

    def departures(self, stops, now: datetime):
        """The next departures as (moment, route, stop, end of the window or None), in order."""
        local = now.astimezone(self.zone)
        while local.date() > self.last_day:
            local = (local.replace(tzinfo=None) - timedelta(days=7)).replace(tzinfo=self.zone)
        frequencies, trips, routes = self._frequencies, self._trips_by_id, self._routes_by_id
        names = self._stop_names
        found = set()
        chosen = self.stop_times[self.stop_times["stop_id"].isin(stops)]
        for trip_id, visits in chosen.groupby("trip_id"):
            whole = self._of_trip(trip_id)
            visits = visits.sort_values("seq")
            visits = visits[visits["stop_id"] == visits["stop_id"].iloc[0]]
            for visit in visits.to_dict("records"):
                if visit["seq"] == whole["seq"].max():
                    continue
                trip = trips[trip_id]
                route = routes[trip["route_id"]]
                short, long_ = route["route_short_name"], route["route_long_name"]
                sign = trip["trip_headsign"] or long_.removeprefix(short).strip(" :-–·")
                who = (short or long_, sign, names[visit["stop_id"]], trip["route_id"],
                       visit["stop_id"])  # fmt: skip
                ride = visit["leave"] - whole["leave"].iloc[0]
                for shift in (-1, 0, 1):
                    day = local.date() + timedelta(days=shift)
                    if trip["service_id"] not in self._running(day):
                        continue
                    noon = datetime(day.year, day.month, day.day, 12, tzinfo=self.zone)
                    base = noon.timestamp() - 12 * 3600
                    for at, end in self._moments(frequencies.get(trip_id), visit, ride):
                        begins = base + at
                        until = None if end is None else base + end
                        if until is None and begins >= local.timestamp():
                            found.add((begins, begins, *who, None))
                        elif until is not None and until > local.timestamp():
                            since = max(begins, math.ceil(local.timestamp()))
                            found.add((since, until, *who, until))
        ordered = sorted(found, key=lambda f: f[:-1])
        kept, seen = [], {}
        for moment, _, _, sign, _, route_id, stop_id, until in ordered:
            key = (route_id, sign)
            seen[key] = seen.get(key, 0) + 1
            if seen[key] <= FEW and len(kept) < MANY:
                kept.append((round(moment), route_id, stop_id, until and round(until)))
        return kept

    @cached_property
    def _frequencies(self):
        found = {}
        for row in getattr(self, "frequencies", pd.DataFrame()).to_dict("records"):
            found.setdefault(row["trip_id"], []).append(row)
        return found

    @cached_property
    def _trips_by_id(self):
        return self.trips.set_index("trip_id").to_dict("index")

    @cached_property
    def _routes_by_id(self):
        return self.routes.set_index("route_id").to_dict("index")

    @cached_property
    def _stop_names(self):
        return dict(zip(self.stops["stop_id"], self.stops["stop_name"], strict=True))

    @cached_property
    def _trips_times(self):
        return {k: v.sort_values("seq") for k, v in self.stop_times.groupby("trip_id")}

    def _of_trip(self, trip_id):
        return self._trips_times[trip_id]

    @staticmethod
    def _moments(frequencies, visit, ride):
        """Seconds after the service day's midnight: departures, or windows with their end."""
        if not frequencies:
            yield visit["leave"], None
            return
        for row in frequencies:
            start, end, step = (
                seconds(row["start_time"]), seconds(row["end_time"]), int(row["headway_secs"])
            )  # fmt: skip
            if row.get("exact_times") == "1":
                for leave in range(start, end, step):
                    yield leave + ride, None
            else:
                yield start + ride, end + ride
