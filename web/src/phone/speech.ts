// Says where she goes next, for hands that hold a handlebar.
export const canSpeak = 'speechSynthesis' in globalThis

export function say(words: string, language: string): void {
  speechSynthesis.cancel() // pressed again it begins again
  const said = new SpeechSynthesisUtterance(words)
  said.lang = language
  said.rate = 0.9
  speechSynthesis.speak(said)
}
