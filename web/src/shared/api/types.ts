// Short names for what the server answers.
import type { components } from './schema'

type Schemas = components['schemas']
export type Me = Schemas['Me']
