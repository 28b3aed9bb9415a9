// Places are WGS-84 with us; maps in China speak GCJ-02 (AMap, Apple) and BD-09 (Baidu). Converted here, at the edge, and nowhere else.
export interface Point {
  lat: number
  lon: number
}

const AXIS = 6_378_245 // of the Krasovsky 1940 ellipsoid, metres
const FLATTENED = 0.006693421622965943 // its squared eccentricity
const TURN = (Math.PI * 3000) / 180

/** Nothing is shifted outside the mainland's box. */
const abroad = ({ lat, lon }: Point): boolean => lon < 72.004 || lon > 137.8347 || lat < 0.8293 || lat > 55.8271

const waves = (x: number): number => ((20 * Math.sin(6 * x * Math.PI) + 20 * Math.sin(2 * x * Math.PI)) * 2) / 3

function north(x: number, y: number): number {
  const bent = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x)) + waves(x)
  return bent + ((20 * Math.sin(y * Math.PI) + 40 * Math.sin((y / 3) * Math.PI)) * 2) / 3 + ((160 * Math.sin((y / 12) * Math.PI) + 320 * Math.sin((y * Math.PI) / 30)) * 2) / 3
}

function east(x: number, y: number): number {
  const bent = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x)) + waves(x)
  return bent + ((20 * Math.sin(x * Math.PI) + 40 * Math.sin((x / 3) * Math.PI)) * 2) / 3 + ((150 * Math.sin((x / 12) * Math.PI) + 300 * Math.sin((x / 30) * Math.PI)) * 2) / 3
}

export function gcj02(place: Point): Point {
  if (abroad(place)) return place
  const { lat, lon } = place
  const angle = (lat / 180) * Math.PI
  const magic = 1 - FLATTENED * Math.sin(angle) ** 2
  const dLat = (north(lon - 105, lat - 35) * 180) / (((AXIS * (1 - FLATTENED)) / (magic * Math.sqrt(magic))) * Math.PI)
  const dLon = (east(lon - 105, lat - 35) * 180) / ((AXIS / Math.sqrt(magic)) * Math.cos(angle) * Math.PI)
  return { lat: lat + dLat, lon: lon + dLon }
}

/** Out of GCJ-02. */
export function bd09({ lat, lon }: Point): Point {
  const far = Math.hypot(lon, lat) + 0.00002 * Math.sin(lat * TURN)
  const theta = Math.atan2(lat, lon) + 0.000003 * Math.cos(lon * TURN)
  return { lat: far * Math.sin(theta) + 0.006, lon: far * Math.cos(theta) + 0.0065 }
}

/** Metres between two places, as the crow flies. */
export function metresBetween(a: Point, b: Point): number {
  const rad = Math.PI / 180
  const x = (b.lon - a.lon) * rad * Math.cos(((a.lat + b.lat) / 2) * rad)
  return Math.hypot(x, (b.lat - a.lat) * rad) * 6_371_000
}
